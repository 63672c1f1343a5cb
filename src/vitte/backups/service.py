"""Making backups, and keeping those that are worth it."""

import asyncio
import fcntl
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import structlog

from vitte import __version__
from vitte.backups.archives import Contents, Folder, Manifest, archive_name, outdated, private_file, sha256
from vitte.backups.bucket import Bucket
from vitte.backups.database import connected, look_into, server_version
from vitte.backups.encryption import Seal
from vitte.backups.errors import BackupError
from vitte.backups.programs import Programs, find_programs
from vitte.core.clock import Clock
from vitte.core.settings.backends import DatabaseSettings
from vitte.core.settings.operating import BackupSettings
from vitte.db.vectors import VECTOR_TABLES

logger = structlog.get_logger(__name__)

_LOCK = ".lock"
_WORK = ".work-"
# A restore and a rehearsal make what a backup has, and pgvector may be made by a superuser only, if at all.
# plpgsql is everywhere and part of no dump, and some extension has to be named for others to be left out.
_WITHOUT_VECTORS = (
    "--extension=plpgsql",
    *(f"--exclude-table=public.{table}" for table in VECTOR_TABLES),
)


class BackupService:
    """The backups of one database, in a folder and, where there is one, in a bucket."""

    def __init__(self, settings: BackupSettings, database: DatabaseSettings, clock: Clock) -> None:
        self._settings = settings
        self._database = database
        self._clock = clock
        self._seal = Seal(settings)
        self.folder = Folder(Path(settings.folder))
        self.bucket = Bucket.of(settings)

    async def make(self) -> str:
        """Make a backup, check it, and return its name. Raises BackupError; then there is no new one."""
        started, moment = time.monotonic(), self._clock.now()
        with self._work_folder() as work:
            plain, contents = await self._dump(work)
            made = plain
            if self._seal.encrypts:
                made = work / "sealed"
                private_file(made)
                await asyncio.to_thread(self._seal.encrypt, plain, made)
            manifest = Manifest(
                sha256=await asyncio.to_thread(sha256, made),
                size=made.stat().st_size,
                version=__version__,
                contents=contents,
            )
            name = archive_name(moment, is_encrypted=self._seal.encrypts)
            await asyncio.to_thread(self.folder.add, made, name, manifest)
        logger.info(
            "backup_made", name=name, bytes=manifest.size, seconds=round(time.monotonic() - started, 3)
        )
        if self.bucket is not None:
            await self.bucket.upload(self.folder.path, name)
            logger.info("backup_uploaded", name=name)
        await self.prune()
        return name

    async def _dump(self, work: Path) -> tuple[Path, Contents]:
        plain = work / "plain"
        private_file(plain)
        async with connected(self._database) as connection:
            programs = await find_programs(
                self._settings, self._database, server_version=await server_version(connection)
            )
            # The dump shows the very moment in which the rows are counted.
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                snapshot: str = await connection.fetchval("SELECT pg_export_snapshot()")
                contents = await look_into(connection)
                await programs.run(
                    "pg_dump",
                    "--format=custom",
                    "--no-password",
                    "--lock-wait-timeout=60s",
                    *_WITHOUT_VECTORS,
                    f"--snapshot={snapshot}",
                    f"--file={plain}",
                )
        await self._check(programs, plain, tables=set(contents.counts))
        return plain, contents

    @staticmethod
    async def _check(programs: Programs, dump: Path, *, tables: set[str]) -> None:
        """Make sure that the dump can be read to its end, and holds every table. Raises BackupError."""
        listed = await programs.run("pg_restore", "--list", dump)
        held = {line.split()[-2] for line in listed.splitlines() if " TABLE DATA public " in line}
        missing = sorted(table for table in tables if table.strip('"') not in held)
        if missing:
            raise BackupError(f"the dump lacks tables: {', '.join(missing)}")
        await programs.run("pg_restore", "--file=/dev/null", dump)

    async def prune(self) -> None:
        """Delete what is past its time, here and in the bucket."""
        for name in self._outdated(self.folder.names()):
            self.folder.remove(name)
            logger.info("backup_deleted", name=name, place="folder")
        if self.bucket is not None:
            for name in self._outdated(await self.bucket.names()):
                await self.bucket.remove(name)
                logger.info("backup_deleted", name=name, place="bucket")

    def _outdated(self, names: list[str]) -> list[str]:
        settings = self._settings
        return outdated(
            names, now=self._clock.now(), keep_last=settings.keep_last, keep_days=settings.keep_days
        )

    async def newest(self) -> str:
        """Return the newest backup of folder and bucket. Raises BackupError when there is none."""
        names: list[str] = [*self.folder.names(), *(await self.bucket.names() if self.bucket else ())]
        if not names:
            raise BackupError(f"there is no backup in {self.folder.path}: make one with `vitte backup`")
        return max(names)

    @asynccontextmanager
    async def opened(self, name: str) -> AsyncIterator[tuple[Path, Manifest]]:
        """Fetch a backup if it is not here, check it, decrypt it; the file is gone after the block.

        Raises BackupError.
        """
        with self._work_folder() as work:
            source = self.folder
            if name not in source.names() and self.bucket is not None:
                source = Folder(work)
                await self.bucket.download(name, work)
            manifest = source.manifest(name)
            path = await asyncio.to_thread(source.check, name)
            if name.endswith(".age"):
                plain = work / "plain"
                private_file(plain)
                await asyncio.to_thread(self._seal.decrypt, path, plain)
                path = plain
            yield path, manifest

    @contextmanager
    def _work_folder(self) -> Iterator[Path]:
        """Make a folder on the same disk, for one piece of work at a time. Raises BackupError."""
        try:
            self.folder.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = (self.folder.path / _LOCK).open("w")
        except OSError as error:
            raise BackupError(f"{self.folder.path} cannot be written: {error.strerror}") from None
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise BackupError("another backup or restore is going on") from None
            # Of whoever was killed in the middle of it, whole dumps in plain: nobody else has the lock.
            for left in self.folder.path.glob(f"{_WORK}*"):
                shutil.rmtree(left, ignore_errors=True)
            with tempfile.TemporaryDirectory(prefix=_WORK, dir=self.folder.path) as work:
                yield Path(work)
