"""Backups as files: how they are called, and what is known of each."""

import hashlib
import os
import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson

from vitte.backups.errors import BackupError

_NAME = re.compile(r"vitte-(\d{8}T\d{6}Z)\.dump(\.age)?")
_TIME = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What is in a database: its migration ("" before the first), the rows of each table, and how many
    indexes and links between tables there are.
    """

    revision: str
    counts: dict[str, int]
    indexes: int
    links: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What is known of a backup, written beside it: enough to check it by, and nothing personal.

    `version` is that of the Vitte that made it, `contents` what the dump shows.
    """

    sha256: str
    size: int
    version: str
    contents: Contents


def archive_name(made_at: datetime, *, is_encrypted: bool) -> str:
    """Return what a backup of this moment is called."""
    return f"vitte-{made_at.strftime(_TIME)}.dump" + (".age" if is_encrypted else "")


def made_at(name: str) -> datetime | None:
    """Return when the backup of this name was made, or None when it is no name of a backup."""
    found = _NAME.fullmatch(name)
    return datetime.strptime(found[1], _TIME).replace(tzinfo=UTC) if found else None


def manifest_name(name: str) -> str:
    """Return what the manifest of a backup is called."""
    return f"{name}.json"


def outdated(names: list[str], *, now: datetime, keep_last: int, keep_days: int) -> list[str]:
    """Return the backups that are past their time, and not among the newest."""
    dated = sorted(((at, name) for name in names if (at := made_at(name))), reverse=True)
    return [name for at, name in dated[keep_last:] if at < now - timedelta(days=keep_days)]


class Folder:
    """The backups in a folder. A backup is there when its manifest is: that is written last."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def names(self) -> list[str]:
        """Return all, the newest first."""
        there = {path.name for path in self.path.glob("vitte-*")}
        return sorted(
            (name for name in there if made_at(name) and manifest_name(name) in there), reverse=True
        )

    def newest(self) -> str | None:
        """Return the newest, or None."""
        return next(iter(self.names()), None)

    def manifest(self, name: str) -> Manifest:
        """Return what is known of a backup. Raises BackupError."""
        try:
            known = orjson.loads((self.path / manifest_name(name)).read_bytes())
            return Manifest(**{**known, "contents": Contents(**known["contents"])})
        except (OSError, TypeError, KeyError, orjson.JSONDecodeError) as error:
            raise BackupError(f"there is no backup {name} in {self.path}, or not whole: {error}") from None

    def add(self, made: Path, name: str, manifest: Manifest) -> None:
        """Take in a backup under its name, so that it is whole on the disk or not there at all."""
        _to_disk(made)
        made.rename(self.path / name)
        beside = self.path / f".{manifest_name(name)}"
        private_file(beside)
        beside.write_bytes(orjson.dumps(asdict(manifest), option=orjson.OPT_INDENT_2))
        _to_disk(beside)
        beside.rename(self.path / manifest_name(name))
        _to_disk(self.path)

    def remove(self, name: str) -> None:
        """Delete a backup: its manifest first, so that half of one is none."""
        (self.path / manifest_name(name)).unlink(missing_ok=True)
        (self.path / name).unlink(missing_ok=True)

    def check(self, name: str) -> Path:
        """Return the file of a backup whose checksum is right. Raises BackupError."""
        manifest, path = self.manifest(name), self.path / name
        try:
            is_right = sha256(path) == manifest.sha256
        except OSError as error:
            raise BackupError(f"{path} cannot be read: {error.strerror}") from None
        if not is_right:
            raise BackupError(f"{path} is not what was written: its checksum differs")
        return path


def sha256(path: Path) -> str:
    """Return the checksum of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def private_file(path: Path) -> None:
    """Make an empty file that nobody else can read, in place of what is there."""
    path.unlink(missing_ok=True)
    path.touch(mode=0o600, exist_ok=False)


def _to_disk(path: Path) -> None:
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
