"""Putting a backup back, and rehearsing that."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import structlog

from vitte.backups.archives import Contents, Manifest
from vitte.backups.database import (
    Connection,
    connected,
    look_into,
    orphans,
    others_connected,
    server_version,
    taken_ids,
)
from vitte.backups.errors import BackupError
from vitte.backups.programs import find_programs
from vitte.backups.service import BackupService
from vitte.core.ids import new_id
from vitte.core.settings.backends import DatabaseSettings
from vitte.core.settings.operating import BackupSettings

logger = structlog.get_logger(__name__)

# All tables, so that one of a later version does not stay; in the transaction that puts the others back.
_EMPTY = """\
DO $$
DECLARE name text;
BEGIN
    FOR name IN SELECT format('%I', tablename) FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE 'DROP TABLE IF EXISTS public.' || name || ' CASCADE';
    END LOOP;
END $$"""


class RestoreService:
    """Puts backups into databases. `knows_revision` tells whether this version has a migration."""

    def __init__(
        self,
        backups: BackupService,
        settings: BackupSettings,
        database: DatabaseSettings,
        *,
        knows_revision: Callable[[str], bool],
    ) -> None:
        self._backups = backups
        self._settings = settings
        self._database = database
        self._knows_revision = knows_revision

    async def restore(self, name: str, *, although_in_use: bool = False) -> Manifest:
        """Replace the database by a backup: in one transaction, so that it is the old or the new.

        Raises BackupError when it is in use, unless `although_in_use`, or when the backup is not good.
        """
        async with self._backups.opened(name) as (dump, manifest):
            async with connected(self._database) as connection:
                users = await others_connected(connection)
                if users and not although_in_use:
                    raise BackupError(f"the database is in use by {', '.join(users)}: stop them first")
            await self._put(dump, manifest, self._database)
        logger.info("backup_restored", name=name, revision=manifest.contents.revision)
        return manifest

    async def drill(self, name: str) -> Manifest:
        """Restore into a database made for it, check what came out, and delete it. Raises BackupError."""
        async with self._backups.opened(name) as (dump, manifest), self._scratch() as scratch:
            await self._put(dump, manifest, scratch)
        logger.info("backup_drilled", name=name, revision=manifest.contents.revision)
        return manifest

    async def _put(self, dump: Path, manifest: Manifest, database: DatabaseSettings) -> None:
        if manifest.contents.revision and not self._knows_revision(manifest.contents.revision):
            raise BackupError(
                f"the backup is at revision {manifest.contents.revision}, which this version does not know:"
                f" it was made by {manifest.version}, restore it with that version"
            )
        async with connected(database) as connection:
            version = await server_version(connection)
        programs = await find_programs(self._settings, database, server_version=version)
        script = dump.with_name("script.sql")
        try:
            await programs.run("pg_restore", "--no-owner", "--no-privileges", f"--file={script}", dump)
            await programs.run(
                "psql",
                "--no-psqlrc",
                "--no-password",
                "--quiet",
                "--single-transaction",
                "--set=ON_ERROR_STOP=1",
                f"--command={_EMPTY}",
                f"--file={script}",
            )
        finally:
            script.unlink(missing_ok=True)
        async with connected(database) as connection:
            await connection.execute("ANALYZE")
            await self._check(connection, manifest.contents)

    @staticmethod
    async def _check(connection: Connection, wanted: Contents) -> None:
        """Compare what came out with what went in. Raises BackupError that names every difference."""
        found = await look_into(connection)
        faults = [
            f"{table} has {found.counts.get(table, 'no')} rows, not {wanted.counts.get(table, 'any')}"
            for table in sorted(found.counts.keys() | wanted.counts.keys())
            if found.counts.get(table) != wanted.counts.get(table)
        ]
        faults += [
            f"{what}: {getattr(found, what)}, not {getattr(wanted, what)}"
            for what in ("revision", "indexes", "links")
            if getattr(found, what) != getattr(wanted, what)
        ]
        faults += await orphans(connection)
        faults += await taken_ids(connection)
        if faults:
            raise BackupError("what came out of the backup is not what went in: " + "; ".join(faults))

    @asynccontextmanager
    async def _scratch(self) -> AsyncIterator[DatabaseSettings]:
        """Make a database that lasts as long as the block. Raises BackupError."""
        scratch = self._database.model_copy(update={"name": f"vitte_drill_{new_id()}"})
        async with connected(self._database) as connection:
            if not await connection.fetchval("SELECT rolcreatedb FROM pg_roles WHERE rolname = current_user"):
                raise BackupError(
                    f"the user {self._database.user} may not create the database to rehearse in:"
                    f' ALTER ROLE "{self._database.user}" CREATEDB'
                )
            # What a rehearsal that was killed has left behind.
            for row in await connection.fetch(
                "SELECT datname FROM pg_database WHERE datname LIKE 'vitte_drill_%'"
            ):
                await connection.execute(f'DROP DATABASE IF EXISTS "{row[0]}" WITH (FORCE)')
            await connection.execute(f"CREATE DATABASE {scratch.name} TEMPLATE template0")
            try:
                yield scratch
            finally:
                await connection.execute(f"DROP DATABASE IF EXISTS {scratch.name} WITH (FORCE)")
