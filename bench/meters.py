"""What a bot has used so far: CPU time, statements and round trips, read from where it does not notice."""

from dataclasses import astuple, dataclass
from pathlib import Path

import asyncpg
from redis.asyncio import Redis

_STATEMENTS = """
    SELECT query, calls FROM pg_stat_statements
    JOIN pg_database ON pg_database.oid = dbid
    WHERE datname = $1 AND toplevel
"""


@dataclass(frozen=True, slots=True)
class Usage:
    """Amounts. `statements` are those that do something; the others begin and end transactions.

    `rollbacks` hold what tests a connection before its use, with a BEGIN of its own each.
    """

    cpu_ms: float
    statements: float
    begins: float
    commits: float
    rollbacks: float
    redis: float

    def minus(self, other: "Usage", *, times: float = 1.0) -> "Usage":
        """Return what is left without `times` the other."""
        return Usage(*(a - b * times for a, b in zip(astuple(self), astuple(other), strict=True)))

    def over(self, count: float) -> "Usage":
        """Return the amounts for one of `count`."""
        return Usage(*(amount / count for amount in astuple(self)))


class Meter:
    """Reads the counters of one bot: of its process, its database, and all of Redis.

    Only one bot works at a time, so what Redis reads is that bot's. `redis` counts the times that Redis read
    from a connection, which is round trips: what a script does inside Redis is none.
    """

    def __init__(self, pid: int, database: str, postgres: asyncpg.Connection, redis: Redis) -> None:
        self._pid = pid
        self._database = database
        self._postgres = postgres
        self._redis = redis
        self._looks = 0

    async def read(self) -> Usage:
        """Return the amounts so far."""
        counts = {"statements": 0, "BEGIN": 0, "COMMIT": 0, "ROLLBACK": 0}
        for query, calls in await self._postgres.fetch(_STATEMENTS, self._database):
            word = query.strip(" ;").partition(" ")[0].upper()
            counts[word if word in counts else "statements"] += calls
        # Each look at Redis is read by it too.
        self._looks += 1
        stats = await self._redis.info("stats")
        return Usage(
            cpu_ms=_cpu_ms(self._pid),
            statements=counts["statements"],
            begins=counts["BEGIN"],
            commits=counts["COMMIT"],
            rollbacks=counts["ROLLBACK"],
            redis=stats["total_reads_processed"] - self._looks,
        )


def _cpu_ms(pid: int) -> float:
    """Return the CPU time of all threads: https://docs.kernel.org/scheduler/sched-stats.html ."""
    nanoseconds = sum(
        int(path.read_text().split()[0]) for path in Path(f"/proc/{pid}/task").glob("*/schedstat")
    )
    return nanoseconds / 1e6
