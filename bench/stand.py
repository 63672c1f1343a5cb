"""All that a measurement stands on: servers, the outside world, and the bots that are compared."""

import asyncio
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
from redis.asyncio import Redis

from bench.meters import Meter
from tests.web.processes import environment
from vitte.clients.redis import connect_redis
from vitte.core.settings import Settings
from vitte.core.settings.outbound import OutboundSettings
from vitte.db import migrate
from vitte.db.engine import connect
from vitte.embedded.ports import free_port
from vitte.embedded.postgres import PostgresServer
from vitte.embedded.process import ChildProcess, spawn
from vitte.embedded.redis import RedisServer
from vitte.sandbox.client import SandboxClient, SandboxRefusedError

_PASSWORD = "bench"  # noqa: S105 - of servers that live as long as the run
_START_WITHIN = 60.0
# What a chat may get a second is Telegram's affair where the bot is measured.
_NO_LIMITS = OutboundSettings(chat_rate=1000, chat_burst=1000, interactive_rate=10_000, redis_timeout=30)

WITHOUT_CACHE = "without cache"
ECHO = "echo"
TUNED_ECHO = "echo, tuned"
ECHOES = (ECHO, TUNED_ECHO)
BOTS: dict[str, tuple[str, ...]] = {
    "product": ("-m", "vitte", "run", "bot"),
    WITHOUT_CACHE: ("-m", "vitte", "run", "bot"),
    "without inbox": ("-m", "bench.bots", "without-inbox"),
    ECHO: ("-m", "bench.bots", "echo"),
    TUNED_ECHO: ("-m", "bench.bots", "echo-tuned"),
}
"""By their names in the table, each with what Python is told to run."""


@dataclass(frozen=True, slots=True)
class RunningBot:
    """A bot under test. `bot_id` is its id in the sandbox."""

    name: str
    bot_id: int
    pid: int
    meter: Meter
    forget_people: Callable[[], Awaitable[None]]
    """Makes everybody new to the bot."""


@dataclass(frozen=True, slots=True)
class Stand:
    """The sandbox, the bots that run on it, and the port of the model that they ask."""

    sandbox: SandboxClient
    bots: list[RunningBot]
    model_port: int


@asynccontextmanager
async def standing(names: Sequence[str] = tuple(BOTS), *, true_to_life: bool = False) -> AsyncIterator[Stand]:
    """Start all, with these bots; everything ends with the block.

    `true_to_life`: Telegram has its limits and the bots keep them, and the model takes its time.
    """
    how = ("--true-to-life",) if true_to_life else ()
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vitte-bench-")))
        postgres = PostgresServer(
            folder / "postgres",
            password=_PASSWORD,
            die_with_parent=True,
            options={"shared_preload_libraries": "pg_stat_statements", "max_connections": "200"},
        )
        redis_server = RedisServer(folder / "redis", password=_PASSWORD, die_with_parent=True)
        stack.enter_context(postgres)
        stack.enter_context(redis_server)
        connection = await _connect(postgres)
        stack.push_async_callback(connection.close)
        await connection.execute("CREATE EXTENSION pg_stat_statements")
        redis = await stack.enter_async_context(Redis(port=redis_server.port, password=_PASSWORD))
        launch = _Launcher(folder, stack)
        sandbox_port, model_port = free_port(), free_port()
        launch("sandbox", "-m", "bench.outside", "sandbox", str(sandbox_port), *how)
        launch("model", "-m", "bench.outside", "model", str(model_port), *how)
        sandbox = await stack.enter_async_context(SandboxClient(f"http://127.0.0.1:{sandbox_port}"))
        await _until_up(sandbox)
        bots = []
        for number, name in enumerate(names):
            settings = _settings(number, postgres.port, redis_server.port, sandbox_port, model_port)
            if not true_to_life:
                settings.outbound = _NO_LIMITS
            settings.cache.enabled = name != WITHOUT_CACHE
            await connection.execute(f'CREATE DATABASE "{settings.database.name}"')
            await migrate.upgrade(settings.database)
            child = launch(name, *BOTS[name], environment=environment(settings))
            await _until_ready(child)
            meter = Meter(child.pid, settings.database.name, connection, redis)
            forget = partial(_forget_people, settings)
            bots.append(RunningBot(name, settings.telegram.bot_id, child.pid, meter, forget))
        yield Stand(sandbox, bots, model_port)


class _Launcher:
    """Starts processes of Python, and kills each at the end."""

    def __init__(self, folder: Path, stack: AsyncExitStack) -> None:
        self._folder = folder
        self._stack = stack

    def __call__(self, name: str, *arguments: str, environment: dict[str, str] | None = None) -> ChildProcess:
        child = spawn(
            [sys.executable, *arguments],
            name=name,
            log_path=self._folder / f"{name}.log",
            environment=environment,
            working_directory=Path(__file__).parent.parent,
            parent_death_signal=signal.SIGKILL,
        )
        self._stack.callback(child.kill)
        return child


def _settings(number: int, postgres: int, redis: int, sandbox: int, model: int) -> Settings:
    return Settings.model_validate(
        {
            "environment": "test",
            "log": {"format": "json"},
            "database": {"port": postgres, "name": f"bench_{number}", "password": _PASSWORD},
            "redis": {"port": redis, "database": number, "password": _PASSWORD},
            "telegram": {"token": f"{42 + number}:TEST", "api_url": f"http://127.0.0.1:{sandbox}"},
            "llm": {"base_url": f"http://127.0.0.1:{model}/v1", "model": "scripted"},
            # A product that waits no longer for Redis asks PostgreSQL instead, and there is nothing to count.
            "cache": {"timeout": 30},
            "bot": {"port": free_port()},
        }
    )


async def _forget_people(settings: Settings) -> None:
    connection = await connect(settings.database, process="bench")
    try:
        await connection.execute("TRUNCATE users CASCADE")
    finally:
        await connection.close()
    async with connect_redis(settings.redis, timeout=5) as redis:
        await redis.flushdb()


async def _connect(postgres: PostgresServer) -> Any:
    return await asyncpg.connect(
        host=postgres.host,
        port=postgres.port,
        user=postgres.user,
        password=_PASSWORD,
        database=postgres.database,
    )


async def _until_up(sandbox: SandboxClient) -> None:
    async with asyncio.timeout(_START_WITHIN):
        while True:
            try:
                await sandbox.state()
            except (aiohttp.ClientError, SandboxRefusedError):
                await asyncio.sleep(0.05)
            else:
                return


async def _until_ready(child: ChildProcess) -> None:
    async with asyncio.timeout(_START_WITHIN):
        while '"bot_ready"' not in child.log_text():
            if not child.is_running:
                raise RuntimeError(f"{child.name} {child.ending()}:\n{child.log_text()}")
            await asyncio.sleep(0.05)
