"""Bringing the database to the tables that this version expects."""

import asyncio
from collections.abc import Callable
from importlib.resources import files

import structlog
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from vitte.core.settings.backends import DatabaseSettings
from vitte.db.engine import database_url, tls
from vitte.db.vectors import make_sure_of_vectors

logger = structlog.get_logger(__name__)

_LOCK = 0x5649545445  # "VITTE": any number will do that nobody else uses in this database
_LOCK_POLL = 0.2
# https://www.postgresql.org/docs/current/errcodes-appendix.html : lock_not_available
_LOCK_TIMED_OUT = "55P03"
_LONGEST_PAUSE = 10.0


class MigrationBlockedError(Exception):
    """Others held on to a table for as long as the migration was willing to wait."""


def alembic_config() -> Config:
    """Return Alembic's settings. They name no database: a password with `%` would not survive an ini file."""
    config = Config()
    config.set_main_option("script_location", str(files("vitte.db").joinpath("migrations")))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    return config


def knows_revision(revision: str) -> bool:
    """Tell whether a migration is one of this version's."""
    script = ScriptDirectory.from_config(alembic_config())
    return revision in {known.revision for known in script.walk_revisions()}


def head() -> str:
    """Return the last migration of this version."""
    return ScriptDirectory.from_config(alembic_config()).get_current_head() or ""


async def with_migration_lock(settings: DatabaseSettings, work: Callable[[Config], None]) -> None:
    """Run `work` with a connection in the configuration, and nobody else migrating meanwhile.

    The lock belongs to a session: it goes when the process does, however that ends. A change of a table that
    is in use waits for those who use it, and everybody who comes later waits behind the change: so it waits
    for `migration_lock_timeout` at most, lets the others pass, and is begun again from the last migration
    that was committed. Raises MigrationBlockedError after `migration_patience`.
    """
    # No other time-outs: to build an index over much data takes as long as it takes.
    waits = {"lock_timeout": f"{settings.migration_lock_timeout * 1000:.0f}ms"}
    engine = create_async_engine(
        database_url(settings),
        poolclass=NullPool,
        connect_args={
            "ssl": tls(settings),
            "server_settings": {"application_name": "vitte-migrations", **waits},
        },
    )

    def run(connection: Connection) -> None:
        config = alembic_config()
        config.attributes["connection"] = connection
        work(config)

    try:
        async with engine.connect() as connection:
            await _lock(connection)
            await _try_until_not_blocked(connection, run, patience=settings.migration_patience)
    finally:
        await engine.dispose()


async def upgrade(settings: DatabaseSettings, revision: str = "head", *, or_newer: bool = False) -> None:
    """Apply every migration up to `revision`. Safe to run twice, and from two hosts at the same moment.

    With `or_newer` tables of a later version are left as they are: while that one takes over, this one goes
    on with them. Without it they are an error of Alembic's.
    """

    def work(config: Config) -> None:
        connection = config.attributes["connection"]
        current = MigrationContext.configure(connection).get_current_revision()
        connection.rollback()
        if or_newer and current and not knows_revision(current):
            logger.warning("database_is_newer", revision=current)
            return
        command.upgrade(config, revision)
        # Not a migration: a server may get pgvector at any time, and the next start finds it.
        make_sure_of_vectors(connection)
        logger.info("database_migrated", revision=revision)

    await with_migration_lock(settings, work)


async def downgrade(settings: DatabaseSettings, revision: str) -> None:
    """Undo migrations down to `revision`, "base" or "-1"."""
    await with_migration_lock(settings, lambda config: command.downgrade(config, revision))
    logger.info("database_downgraded", revision=revision)


async def _try_until_not_blocked(
    connection: AsyncConnection, work: Callable[[Connection], None], *, patience: float
) -> None:
    pause = 1.0
    give_up = asyncio.get_running_loop().time() + patience
    while True:
        try:
            await connection.run_sync(work)
            await connection.commit()
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) != _LOCK_TIMED_OUT:
                raise
            await connection.rollback()
            if asyncio.get_running_loop().time() > give_up:
                raise MigrationBlockedError(
                    f"a table that the migration changes was in use for {patience:.0f} s: end what uses it"
                    " (pg_stat_activity shows the oldest transactions) and migrate again"
                ) from error
            logger.warning("migration_put_off", seconds=pause)
        else:
            return
        await asyncio.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)


async def _lock(connection: AsyncConnection) -> None:
    # Asking again and again, not waiting inside one statement: a waiting statement keeps a snapshot
    # open, and CREATE INDEX CONCURRENTLY in the other process would wait for it for ever.
    while not await connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": _LOCK}):
        await connection.rollback()
        await asyncio.sleep(_LOCK_POLL)
    await connection.commit()
