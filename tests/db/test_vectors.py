"""Vectors: kept where PostgreSQL has pgvector, and missed nowhere else."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext

from tests.servers import PASSWORD, Servers, connected
from vitte.backups.restore import RestoreService
from vitte.backups.service import BackupService
from vitte.core.clock import SystemClock
from vitte.core.settings.backends import DatabaseSettings
from vitte.core.settings.operating import BackupSettings
from vitte.db import migrate
from vitte.db.models import Base
from vitte.db.vectors import is_ours

MakeDatabase = Callable[..., Awaitable[str]]
_IS_THERE = "SELECT to_regclass('memory_embeddings') IS NOT NULL"
_HAS_PGVECTOR = "SELECT count(*) FROM pg_available_extensions WHERE name = 'vector'"


@pytest.fixture
async def owners(servers: Servers, worker_number: int, make_database: MakeDatabase) -> DatabaseSettings:
    """An empty database whose owner is no superuser, as in production."""
    settings = servers.database(
        await make_database(f"vitte_owned_{worker_number}", template="template0")
    ).model_copy(update={"user": f"owner_{worker_number}"})
    async with as_superuser(settings) as connection:
        await connection.execute(f"DROP ROLE IF EXISTS {settings.user}")
        await connection.execute(f"CREATE ROLE {settings.user} LOGIN CREATEDB PASSWORD '{PASSWORD}'")
        await connection.execute(f"ALTER DATABASE {settings.name} OWNER TO {settings.user}")
    return settings


@asynccontextmanager
async def as_superuser(settings: DatabaseSettings) -> AsyncIterator[asyncpg.Connection]:
    async with connected(settings.model_copy(update={"user": DatabaseSettings().user})) as connection:
        yield connection


async def test_a_database_without_vectors_is_migrated_all_the_same_and_gets_them_later(
    owners: DatabaseSettings,
) -> None:
    await migrate.upgrade(owners)
    async with as_superuser(owners) as connection:
        # pgvector is not there, or nobody but a superuser may make it.
        assert await connection.fetchval(_IS_THERE) is False
        assert await connection.fetchval("SELECT to_regclass('memories') IS NOT NULL")
        if not await connection.fetchval(_HAS_PGVECTOR):
            return
        await connection.execute("CREATE EXTENSION vector")
        for _ in range(2):
            await migrate.upgrade(owners)
            assert await connection.fetchval(_IS_THERE) is True


async def test_vectors_are_no_difference_between_the_tables_and_the_code(owners: DatabaseSettings) -> None:
    await migrate.upgrade(owners.model_copy(update={"user": DatabaseSettings().user}))
    differences: list[object] = []

    def compare(config: Config) -> None:
        context = MigrationContext.configure(config.attributes["connection"], opts={"include_name": is_ours})
        differences.extend(compare_metadata(context, Base.metadata))

    await migrate.with_migration_lock(owners.model_copy(update={"user": DatabaseSettings().user}), compare)
    assert differences == []


async def test_a_backup_of_a_database_with_vectors_can_be_put_where_there_are_none(
    owners: DatabaseSettings, tmp_path: Path
) -> None:
    async with as_superuser(owners) as connection:
        if await connection.fetchval(_HAS_PGVECTOR):
            await connection.execute("CREATE EXTENSION vector")
        await migrate.upgrade(owners)
        await connection.execute("INSERT INTO users (telegram_id, first_name) VALUES (1001, 'A')")
        await connection.execute("INSERT INTO memories (user_id, text) SELECT id, 'Likes tea' FROM users")
        if await connection.fetchval(_IS_THERE):
            await connection.execute("INSERT INTO memory_embeddings SELECT id, 'm', '[1,2]' FROM memories")
    settings = BackupSettings(folder=str(tmp_path))
    backups = BackupService(settings, owners, SystemClock())
    name = await backups.make()
    restores = RestoreService(backups, settings, owners, knows_revision=migrate.knows_revision)
    # A rehearsal makes a database of its own, as somebody who cannot make pgvector there.
    manifest = await restores.drill(name)
    assert manifest.contents.counts["memories"] == 1
    await restores.restore(name)
    async with as_superuser(owners) as connection:
        assert await connection.fetchval("SELECT text FROM memories") == "Likes tea"
