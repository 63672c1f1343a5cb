"""The connection pool of a process."""

import math
import ssl
from typing import Any

import asyncpg
import orjson
from sqlalchemy import URL, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.pool import QueuePool

from vitte.core.settings.backends import DatabaseSettings
from vitte.db.checkout import watch
from vitte.db.metrics import POOLS
from vitte.db.outages import reaching, unreachable

_WITH_FEW_STATEMENTS = frozenset({"bot", "api", "worker"})

SessionFactory = async_sessionmaker[AsyncSession]


def database_url(settings: DatabaseSettings) -> URL:
    """Return the address of the database; its parts are never parsed, so the password may hold anything."""
    return URL.create(
        "postgresql+asyncpg",
        username=settings.user,
        password=settings.password.get_secret_value(),
        host=settings.host,
        port=settings.port,
        database=settings.name,
    )


def tls(settings: DatabaseSettings) -> ssl.SSLContext | str:
    """Return what asyncpg is to make of TLS.

    A context of our own where certificates are checked: asyncpg's trusts only a file in the home folder, and
    a container has none. https://www.postgresql.org/docs/current/libpq-ssl.html
    """
    if not settings.sslmode.startswith("verify"):
        return settings.sslmode
    context = ssl.create_default_context(cafile=settings.sslrootcert or None)
    context.check_hostname = settings.sslmode == "verify-full"
    return context


def server_timeouts(settings: DatabaseSettings) -> dict[str, str]:
    """Return the time-outs that PostgreSQL is to keep for a connection, in its own words.

    https://www.postgresql.org/docs/current/runtime-config-client.html . Those that are 0 are not named: a
    pooler between us and the server may refuse to hear of them.
    """
    timeouts = {
        "statement_timeout": settings.statement_timeout,
        "lock_timeout": settings.lock_timeout,
        "idle_in_transaction_session_timeout": settings.idle_in_transaction_timeout,
    }
    return {name: f"{seconds * 1000:.0f}ms" for name, seconds in timeouts.items() if seconds}


def _planning(settings: DatabaseSettings, process: str) -> dict[str, str]:
    """Return how PostgreSQL is to plan what is prepared; asyncpg prepares every statement once a connection.

    Left alone it plans what has an array as a parameter at each call: it takes all arrays for longer than
    most of ours are. Whoever looks through tables by conditions of their own, as the panel does, is better
    off with that. https://www.postgresql.org/docs/current/sql-prepare.html#SQL-PREPARE-NOTES
    """
    is_of_use = settings.plan_once and process in _WITH_FEW_STATEMENTS
    return {"plan_cache_mode": "force_generic_plan"} if is_of_use else {}


def _dump_json(value: Any) -> str:
    return orjson.dumps(value).decode()


async def _open(*arguments: Any, **options: Any) -> Any:
    with reaching():
        return await asyncpg.connect(*arguments, **options)


def _name_silence(context: ExceptionContext) -> ConnectionError | None:
    named = unreachable(context.original_exception)
    if named is not None:
        # What it is in the middle of, nobody knows. Others may be well: a single statement may take too long.
        context.is_disconnect, context.invalidate_pool_on_disconnect = True, False
    return named


def create_engine(settings: DatabaseSettings, *, process: str) -> AsyncEngine:
    """Make the pool; connections open on first use. PostgreSQL shows `process` in pg_stat_activity."""
    engine = create_async_engine(
        database_url(settings),
        pool_size=settings.pool_size,
        max_overflow=settings.max_overflow,
        # What was used last is used next: it needs no test, and what rests may be closed by the server.
        pool_use_lifo=True,
        pool_recycle=settings.pool_recycle,
        pool_timeout=settings.pool_timeout,
        json_serializer=_dump_json,
        json_deserializer=orjson.loads,
        connect_args={
            "async_creator_fn": _open,
            "timeout": settings.connect_timeout,
            "command_timeout": settings.command_timeout,
            "ssl": tls(settings),
            "server_settings": {
                "application_name": f"vitte-{process}",
                **server_timeouts(settings),
                **_planning(settings, process),
            },
        },
    )
    if isinstance(engine.pool, QueuePool):
        POOLS.add(engine.pool, limit=settings.pool_size + settings.max_overflow)
    recycle_after = settings.pool_recycle if settings.pool_recycle >= 0 else math.inf
    event.listen(engine.sync_engine, "handle_error", _name_silence)
    watch(engine, recycle_after=recycle_after, are_tested=settings.pool_pre_ping)
    return engine


async def connect(settings: DatabaseSettings, *, process: str, **server_settings: str) -> Any:
    """Open a connection of asyncpg's own, outside the pool. Close it at the end."""
    return await asyncpg.connect(
        host=settings.host,
        port=settings.port,
        user=settings.user,
        password=settings.password.get_secret_value(),
        database=settings.name,
        timeout=settings.connect_timeout,
        ssl=tls(settings),
        server_settings={"application_name": f"vitte-{process}", **server_settings},
    )


def create_session_factory(engine: AsyncEngine) -> SessionFactory:
    """Make the factory of sessions. Objects stay readable after a commit; nothing loads by surprise."""
    return async_sessionmaker(engine, expire_on_commit=False, autoflush=False)
