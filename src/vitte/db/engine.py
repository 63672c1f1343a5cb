"""The connection pool of a process."""

from typing import Any

import orjson
from sqlalchemy import URL
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.pool import QueuePool

from vitte.core.settings.backends import DatabaseSettings
from vitte.db.metrics import POOLS

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


def _dump_json(value: Any) -> str:
    return orjson.dumps(value).decode()


def create_engine(settings: DatabaseSettings, *, process: str) -> AsyncEngine:
    """Make the pool; connections open on first use. PostgreSQL shows `process` in pg_stat_activity."""
    engine = create_async_engine(
        database_url(settings),
        pool_size=settings.pool_size,
        max_overflow=settings.max_overflow,
        pool_pre_ping=settings.pool_pre_ping,
        pool_recycle=settings.pool_recycle,
        pool_timeout=settings.pool_timeout,
        json_serializer=_dump_json,
        json_deserializer=orjson.loads,
        connect_args={
            "timeout": settings.connect_timeout,
            "command_timeout": settings.command_timeout,
            "server_settings": {"application_name": f"vitte-{process}", **server_timeouts(settings)},
        },
    )
    if isinstance(engine.pool, QueuePool):
        POOLS.add(engine.pool, limit=settings.pool_size + settings.max_overflow)
    return engine


def create_session_factory(engine: AsyncEngine) -> SessionFactory:
    """Make the factory of sessions. Objects stay readable after a commit; nothing loads by surprise."""
    return async_sessionmaker(engine, expire_on_commit=False, autoflush=False)
