"""A database in use: nobody waits for long, neither for a migration nor for a statement that went astray."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.patience import PATIENCE
from tests.servers import Servers, connected
from vitte.core.nursery import Nursery
from vitte.core.settings import Settings
from vitte.core.settings.backends import DatabaseSettings
from vitte.db import migrate
from vitte.db.engine import create_engine

MakeDatabase = Callable[..., Awaitable[str]]
_TABLE = "inbox_updates"
"""Migration 0002 changes it."""


@pytest.fixture
async def old(servers: Servers, worker_number: int, make_database: MakeDatabase) -> DatabaseSettings:
    """A database one migration behind the one that changes a table."""
    settings = servers.database(
        await make_database(f"vitte_locks_{worker_number}", template="template0")
    ).model_copy(update={"migration_lock_timeout": 0.3})
    await migrate.upgrade(settings, "0001")
    return settings


@asynccontextmanager
async def reading_for_long(settings: DatabaseSettings) -> AsyncIterator[None]:
    """Keep a transaction open that has read the table."""
    async with connected(settings) as reader, reader.transaction():
        await reader.fetch(f"SELECT 1 FROM {_TABLE}")  # noqa: S608 - our own constant
        yield


async def until_migration_waits(observer: asyncpg.Connection) -> None:
    query = (
        "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE NOT granted"
        " AND datname = current_database() AND application_name = 'vitte-migrations'"
        " AND relation = $1::regclass"
    )
    async with asyncio.timeout(PATIENCE):
        while not await observer.fetchval(query, _TABLE):  # noqa: ASYNC110 - nobody tells of a lock
            await asyncio.sleep(0.01)


async def test_who_reads_a_table_gets_past_a_migration_that_waits_for_it(old: DatabaseSettings) -> None:
    nursery = Nursery()
    async with connected(old) as reader:
        async with reading_for_long(old):
            migrating = nursery.start(migrate.upgrade(old), name="migrate")
            await until_migration_waits(reader)
            async with asyncio.timeout(PATIENCE):
                # Behind the migration in the queue, which is behind a transaction that does not end.
                await reader.fetch(f"SELECT 1 FROM {_TABLE}")  # noqa: S608 - our own constant
            assert not migrating.done()
        async with asyncio.timeout(PATIENCE):
            await migrating
        columns = await reader.fetch(
            "SELECT column_name FROM information_schema.columns WHERE column_name = 'lane'"
        )
        assert len(columns) == 1


async def test_people_go_on_writing_while_tables_are_told_when_to_be_vacuumed(old: DatabaseSettings) -> None:
    await migrate.upgrade(old, "0005")
    async with connected(old) as early, connected(old) as late:
        # One who writes already holds up nothing, and neither does what was told and not committed yet.
        async with early.transaction():
            await early.execute("INSERT INTO users (telegram_id, first_name) VALUES (1, 'A')")
            await early.execute("INSERT INTO dialogs (user_id) VALUES (1)")
            await early.execute("INSERT INTO messages (dialog_id, role, text) VALUES (1, 'user', 'a')")
            async with asyncio.timeout(PATIENCE):
                await migrate.upgrade(old.model_copy(update={"migration_patience": 0.1}), "0006")
        async with late.transaction():
            await late.execute("ALTER TABLE messages SET (autovacuum_vacuum_threshold = 1)")
            async with asyncio.timeout(PATIENCE):
                await early.execute("INSERT INTO messages (dialog_id, role, text) VALUES (1, 'user', 'b')")


async def test_a_migration_that_gets_no_lock_gives_up_and_changes_nothing(old: DatabaseSettings) -> None:
    impatient = old.model_copy(update={"migration_patience": 0.1})
    async with reading_for_long(old), connected(old) as observer:
        with pytest.raises(migrate.MigrationBlockedError, match="was in use"):
            await migrate.upgrade(impatient)
        assert await observer.fetchval("SELECT version_num FROM alembic_version") == "0001"


async def test_what_takes_too_long_is_ended_by_the_server_itself(settings: Settings) -> None:
    database = settings.database.model_copy(
        update={"statement_timeout": 1, "lock_timeout": 0.5, "idle_in_transaction_timeout": 4}
    )
    engine = create_engine(database, process="test")
    try:
        async with engine.connect() as connection:
            with pytest.raises(DBAPIError, match="statement timeout"):
                await connection.execute(text("SELECT pg_sleep(600)"))
        async with engine.connect() as holder, engine.connect() as waiter:
            await holder.execute(text("LOCK TABLE users"))
            with pytest.raises(DBAPIError, match="lock timeout"):
                await waiter.execute(text("LOCK TABLE users"))
            await waiter.rollback()
            # The holder is idle in its transaction: the server ends it, and the lock is free.
            async with asyncio.timeout(PATIENCE):
                while True:
                    try:
                        await waiter.execute(text("LOCK TABLE users"))
                    except DBAPIError:
                        await waiter.rollback()
                    else:
                        break
            await holder.invalidate()
    finally:
        await engine.dispose()


async def test_time_outs_of_zero_leave_the_server_as_it_is_set(settings: Settings) -> None:
    database = settings.database.model_copy(
        update={"statement_timeout": 0, "lock_timeout": 0, "idle_in_transaction_timeout": 0}
    )
    engine = create_engine(database, process="test")
    async with engine.connect() as connection:
        for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
            assert await connection.scalar(text("SELECT current_setting(:name)"), {"name": name}) == "0"
    await engine.dispose()
