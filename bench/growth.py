"""How the cost of an update, and of all that goes on beside it, grows with what the tables hold.

`make bench-growth`. Each size is a database of its own, filled by PostgreSQL itself; the product's own code
is run on it, and PostgreSQL tells what each of its statements took. One thing grows at a time.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import asyncpg

from bench import steps
from bench.filling import Contents, fill
from bench.tables import aligned
from vitte.core.logging import configure_logging
from vitte.core.settings import Settings
from vitte.db import migrate
from vitte.embedded.postgres import PostgresServer
from vitte.embedded.redis import RedisServer
from vitte.main.container import make_container

_PASSWORD = "bench"  # noqa: S105 - of servers that live as long as the run
_TEMPLATE = "bench_template"
_DATABASE = "bench_growth"
_WARM_UP = 8
"""Times that a step is done before it is measured: by then PostgreSQL has settled for a plan."""
_STATEMENTS = """
    SELECT query, calls, total_plan_time + total_exec_time, shared_blks_hit + shared_blks_read
    FROM pg_stat_statements JOIN pg_database ON pg_database.oid = dbid
    WHERE datname = $1 AND toplevel
    ORDER BY total_exec_time DESC
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Which sizes are measured. What does not grow keeps to `usual`."""

    people: tuple[int, ...] = (10, 100, 1000, 10_000)
    messages: tuple[int, ...] = (10_000, 100_000, 1_000_000, 10_000_000)
    waiting: tuple[int, ...] = (10, 100, 1000, 10_000)
    usual_people: int = 1000
    usual_messages: int = 100_000
    times: int = 40


QUICK = Scale(people=(10, 1000), messages=(10_000, 100_000), waiting=(10, 1000), times=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What a step has asked of PostgreSQL: how often, and what that took each time the step was done."""

    text: str
    calls: float
    ms: float
    buffers: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One step with one size of what grows. Times are PostgreSQL's own, planning included.

    `buffers` are pages of 8 kB that were looked at, in its memory or on the disk.
    """

    grows: str
    size: int
    step: str
    ms: float
    buffers: float
    statements: list[Statement] = field(repr=False)


async def measure(scale: Scale) -> list[Row]:
    """Set everything up, measure, and take it down again."""
    sizes = [
        *(("people", size, size, scale.usual_messages, 0) for size in scale.people),
        *(("messages", size, scale.usual_people, size, 0) for size in scale.messages),
        *(("waiting", size, scale.usual_people, scale.usual_messages, size) for size in scale.waiting),
    ]
    rows: list[Row] = []
    async with _standing() as (settings, connection):
        for grows, size, people, messages, waiting in sizes:
            # Filling the largest takes minutes.
            print(f"{grows}: {size:,}", file=sys.stderr, flush=True)
            contents = Contents(
                people=people, messages=messages, updates=messages // 2, jobs=people + steps.OLD
            )
            measured = await _measure(settings, connection, contents, waiting=waiting, times=scale.times)
            rows.extend(
                Row(
                    grows=grows,
                    size=size,
                    step=step,
                    ms=round(sum(statement.ms for statement in statements), 4),
                    buffers=sum(statement.buffers for statement in statements),
                    statements=statements,
                )
                for step, statements in measured.items()
            )
    return rows


async def _measure(
    settings: Settings, connection: Any, contents: Contents, *, waiting: int, times: int
) -> dict[str, list[Statement]]:
    await connection.execute(f'CREATE DATABASE "{_DATABASE}" TEMPLATE "{_TEMPLATE}"')
    container = make_container(settings, steps.ScriptedModel(), process="bot")
    inside = await _connect(settings, _DATABASE)
    try:
        await fill(inside, contents, bot_id=settings.telegram.bot_id)
        path = steps.Path(
            container,
            inside,
            bot_id=settings.telegram.bot_id,
            people=contents.people,
            times=_WARM_UP + times,
        )
        await path.age()
        # Statistics are of a quiet time, as they are when many come at once.
        await inside.execute("VACUUM (ANALYZE)")
        await path.let_wait(waiting)
        await inside.execute("CHECKPOINT")
        measured = {}
        for step in path.steps():
            warm_up = _WARM_UP if step.times > 1 else 0
            for _ in range(warm_up):
                await step.run()
            await connection.execute("SELECT pg_stat_statements_reset()")
            for _ in range(step.times - warm_up):
                await step.run()
            measured[step.name] = [
                Statement(
                    text=" ".join(text.split())[:200],
                    calls=calls / (step.times - warm_up),
                    ms=round(ms / (step.times - warm_up), 4),
                    buffers=buffers / (step.times - warm_up),
                )
                for text, calls, ms, buffers in await connection.fetch(_STATEMENTS, _DATABASE)
            ]
        return measured
    finally:
        await inside.close()
        await container.close()
        await connection.execute(f'DROP DATABASE "{_DATABASE}" WITH (FORCE)')


@asynccontextmanager
async def _standing() -> AsyncIterator[tuple[Settings, Any]]:
    with tempfile.TemporaryDirectory(prefix="vitte-bench-") as name:
        folder = Path(name)
        postgres = PostgresServer(
            folder / "postgres",
            password=_PASSWORD,
            die_with_parent=True,
            durable=False,
            options={
                "shared_preload_libraries": "pg_stat_statements",
                "pg_stat_statements.track_planning": "on",
                # As compose.yaml has it; vacuum comes when it is called, not in the middle.
                "shared_buffers": "384MB",
                "random_page_cost": "1.1",
                "jit": "off",
                "max_parallel_workers_per_gather": "1",
                "autovacuum": "off",
            },
        )
        redis = RedisServer(folder / "redis", password=_PASSWORD, die_with_parent=True)
        with postgres, redis:
            settings = _settings(postgres.port, redis.port)
            connection = await _connect(settings, postgres.database)
            try:
                await connection.execute("CREATE EXTENSION pg_stat_statements")
                await connection.execute(f'CREATE DATABASE "{_TEMPLATE}"')
                await migrate.upgrade(settings.database.model_copy(update={"name": _TEMPLATE}))
                yield settings, connection
            finally:
                await connection.close()


def _settings(postgres: int, redis: int) -> Settings:
    return Settings.model_validate(
        {
            "environment": "test",
            "database": {"port": postgres, "name": _DATABASE, "password": _PASSWORD},
            "redis": {"port": redis, "password": _PASSWORD},
            "telegram": {"token": "42:TEST"},
            "llm": {"base_url": "http://127.0.0.1:9/v1", "model": "scripted"},
            # What PostgreSQL has to do when it is asked is what is measured.
            "cache": {"enabled": False},
        }
    )


async def _connect(settings: Settings, database: str) -> Any:
    return await asyncpg.connect(
        host=settings.database.host,
        port=settings.database.port,
        user=settings.database.user,
        password=_PASSWORD,
        database=database,
        # A million rows take their time.
        command_timeout=600,
    )


def table(rows: list[Row]) -> list[str]:
    """Return the lines of the tables, one for each thing that grows: milliseconds and pages of each step."""
    lines = []
    for grows in dict.fromkeys(row.grows for row in rows):
        found = {(row.step, row.size): row for row in rows if row.grows == grows}
        sizes = list(dict.fromkeys(size for _, size in found))
        head = [f"{grows:>10}:", *(f"{size:,}" for size in sizes), "ms grow", "pages grow"]
        body = []
        for step in dict.fromkeys(step for step, _ in found):
            first, last = found[step, sizes[0]], found[step, sizes[-1]]
            body.append(
                [
                    step,
                    *(f"{found[step, size].ms:.2f} / {found[step, size].buffers:.0f}" for size in sizes),
                    f"x{last.ms / first.ms:.1f}",
                    f"x{last.buffers / max(first.buffers, 1):.1f}",
                ]
            )
        lines += aligned([head, *body])
        lines.append("")
    return lines[:-1]


def _sizes(text: str) -> tuple[int, ...]:
    return tuple(int(float(part)) for part in text.split(","))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    for name in ("people", "messages", "waiting"):
        default: tuple[int, ...] = getattr(Scale(), name)
        parser.add_argument(f"--{name}", type=_sizes, default=default, help="sizes, such as 1e3,1e4")
    parser.add_argument("--json", type=Path, help="write the rows, with every statement, to this file too")
    options = parser.parse_args()
    configure_logging(process="bench", level="WARNING")
    scale = Scale(people=options.people, messages=options.messages, waiting=options.waiting)
    rows = asyncio.run(measure(scale))
    print("\n".join(table(rows)))
    if options.json:
        options.json.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
