"""Indexes are made while people go on writing."""

import ast
import asyncio
from pathlib import Path

import asyncpg
import pytest
from alembic.config import Config
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext

import vitte.db.migrations
from tests.db.test_locks import MakeDatabase
from tests.patience import PATIENCE
from tests.servers import Servers, connected
from vitte.core.nursery import Nursery
from vitte.core.settings.backends import DatabaseSettings
from vitte.db import migrate, online

VERSIONS = Path(vitte.db.migrations.__file__).parent / "versions"
# From before there was a way; the index holds open updates only, which are few.
_FORGIVEN = {"0002_a_fast_lane_of_the_inbox.py"}
_NAME = "ix_users_first_name"


@pytest.fixture
async def database(servers: Servers, worker_number: int, make_database: MakeDatabase) -> DatabaseSettings:
    settings = servers.database(await make_database(f"vitte_online_{worker_number}"))
    return settings.model_copy(update={"migration_lock_timeout": 0.2, "migration_patience": 2 * PATIENCE})


def make_index(config: Config) -> None:
    """Do what a migration with one index does."""
    context = MigrationContext.configure(
        config.attributes["connection"], opts={"transaction_per_migration": True}
    )
    with Operations.context(context), context.begin_transaction(_per_migration=True):
        online.create_index(_NAME, "users", ["first_name"])


async def index_is_good(connection: asyncpg.Connection) -> bool | None:
    """Tell whether the index can be used; None when there is none."""
    found: bool | None = await connection.fetchval(
        "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass($1)", _NAME
    )
    return found


async def test_people_go_on_writing_while_an_index_waits_for_an_old_transaction(
    database: DatabaseSettings,
) -> None:
    nursery = Nursery()
    async with connected(database) as old, connected(database) as writer:
        async with old.transaction():
            await old.execute("INSERT INTO users (telegram_id, first_name) VALUES (1, 'A')")
            making = nursery.start(migrate.with_migration_lock(database, make_index), name="index")
            async with asyncio.timeout(PATIENCE):
                while await index_is_good(writer) is None:  # noqa: ASYNC110 - nobody tells when it begins
                    await asyncio.sleep(0.01)
            # Longer than a migration may make anybody wait: it has not given up, and nobody waits for it.
            await asyncio.sleep(2 * database.migration_lock_timeout)
            async with asyncio.timeout(PATIENCE):
                await writer.execute("INSERT INTO users (telegram_id, first_name) VALUES (2, 'B')")
            assert not making.done()
            assert await index_is_good(writer) is False
        async with asyncio.timeout(PATIENCE):
            await making
        assert await index_is_good(writer) is True


async def test_an_index_that_was_left_broken_is_made_anew(database: DatabaseSettings) -> None:
    async with connected(database) as connection:
        await connection.execute("INSERT INTO users (telegram_id, first_name) VALUES (1, 'A'), (2, 'A')")
        with pytest.raises(asyncpg.UniqueViolationError):
            await connection.execute(f"CREATE UNIQUE INDEX CONCURRENTLY {_NAME} ON users (first_name)")
        assert await index_is_good(connection) is False
        await migrate.with_migration_lock(database, make_index)
        assert await index_is_good(connection) is True
        # A migration that was committed in part is begun again: the index is there, and stays.
        await migrate.with_migration_lock(database, make_index)
        assert await index_is_good(connection) is True


@pytest.mark.parametrize("path", sorted(VERSIONS.glob("[0-9]*.py")), ids=lambda path: path.stem)
def test_no_migration_locks_a_table_to_index_it(path: Path) -> None:
    calls = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)]
    made = {table_of(call) for call in calls if name_of(call) == "op.create_table"}
    indexed = {table_of(call, place=1) for call in calls if name_of(call) == "op.create_index"}
    if path.name not in _FORGIVEN:
        assert indexed <= made, "use vitte.db.online.create_index"


def name_of(call: ast.Call) -> str:
    return ast.unparse(call.func)


def table_of(call: ast.Call, *, place: int = 0) -> str:
    return ast.unparse(call.args[place])
