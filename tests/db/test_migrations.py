"""Migrations: there and back again, and never twice at once."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from tests.servers import PASSWORD, Servers
from vitte.core.settings.backends import DatabaseSettings
from vitte.db import migrate
from vitte.db.engine import connect, database_url
from vitte.db.models import Base

MakeDatabase = Callable[..., Awaitable[str]]


@pytest.fixture
async def empty(servers: Servers, worker_number: int, make_database: MakeDatabase) -> DatabaseSettings:
    """A database without a single table."""
    name = await make_database(f"vitte_migrations_{worker_number}", template="template0")
    return servers.database(name)


def revisions() -> list[str]:
    script = ScriptDirectory.from_config(migrate.alembic_config())
    return [revision.revision for revision in script.walk_revisions()][::-1]


async def current(settings: DatabaseSettings) -> list[str]:
    engine = create_async_engine(database_url(settings), poolclass=NullPool)
    async with engine.connect() as connection:
        rows = (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalars().all()
    await engine.dispose()
    return list(rows)


@pytest.mark.parametrize("revision", revisions())
async def test_every_step_can_be_taken_back_and_taken_again(empty: DatabaseSettings, revision: str) -> None:
    await migrate.upgrade(empty, revision)
    await migrate.downgrade(empty, "-1")
    await migrate.upgrade(empty, revision)
    assert await current(empty) == [revision]


async def test_going_back_to_the_beginning_leaves_no_table_behind(empty: DatabaseSettings) -> None:
    await migrate.upgrade(empty)
    await migrate.downgrade(empty, "base")
    engine = create_async_engine(database_url(empty), poolclass=NullPool)
    async with engine.connect() as connection:
        tables = await connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
        assert tables.scalars().all() == ["alembic_version"]
    await engine.dispose()


async def test_a_process_of_the_version_before_can_start_while_a_newer_one_takes_over(
    empty: DatabaseSettings,
) -> None:
    await migrate.upgrade(empty, or_newer=True)
    assert await current(empty) == [migrate.head()]
    connection = await connect(empty, process="test")
    await connection.execute("UPDATE alembic_version SET version_num = '9999'")
    await connection.close()
    await migrate.upgrade(empty, or_newer=True)
    assert await current(empty) == ["9999"]
    # Who asks for this very version hears that it cannot be had.
    with pytest.raises(CommandError, match="9999"):
        await migrate.upgrade(empty)


async def test_the_migrated_tables_are_those_the_code_expects(empty: DatabaseSettings) -> None:
    differences: list[object] = []

    def compare(config: Config) -> None:
        command.upgrade(config, "head")
        context = MigrationContext.configure(
            config.attributes["connection"], opts={"compare_type": True, "compare_server_default": True}
        )
        differences.extend(compare_metadata(context, Base.metadata))

    await migrate.with_migration_lock(empty, compare)
    assert differences == []


def test_every_key_and_index_has_a_name_of_the_convention() -> None:
    prefixes = ("pk_", "uq_", "fk_", "ix_", "ck_")
    for table in Base.metadata.sorted_tables:
        names = [constraint.name for constraint in table.constraints] + [
            index.name for index in table.indexes
        ]
        for name in names:
            assert str(name).startswith(prefixes), f"{table.name}: {name}"
            assert table.name in str(name)


async def test_two_hosts_that_migrate_at_once_both_succeed_and_apply_it_once(empty: DatabaseSettings) -> None:
    environment = {
        "PATH": os.defpath,
        "VITTE_ENV_FILE": "",
        "VITTE_ENVIRONMENT": "test",
        "VITTE_LOG__FORMAT": "json",
        "VITTE_DATABASE__PORT": str(empty.port),
        "VITTE_DATABASE__NAME": empty.name,
        "VITTE_DATABASE__PASSWORD": PASSWORD,
    }
    racing = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-m", "vitte", "migrate", env=environment, stderr=asyncio.subprocess.PIPE
        )
        for _ in range(3)
    ]
    logs = [(await process.communicate())[1].decode() for process in racing]
    assert [process.returncode for process in racing] == [0, 0, 0], logs
    applied = sum(log.count("Running upgrade  -> 0001") for log in logs)
    assert applied == 1, logs
    assert await current(empty) == [revisions()[-1]]
