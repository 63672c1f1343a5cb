"""The folder of one demo: its lock, its secrets, the places of its data and logs."""

import contextlib
import fcntl
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from vitte.embedded.proctable import is_running
from vitte.main.demo.options import DemoError, DemoOptions

_LOCK = "lock"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoSecrets:
    """What was made up at the first start and stays."""

    database_password: str
    redis_password: str
    admin_password: str
    admin_secret_key: str
    webhook_secret: str


@dataclass(frozen=True, slots=True)
class DemoHome:
    """The places below `<data-dir>/<port base>`."""

    root: Path

    @property
    def logs(self) -> Path:
        """One log file a part."""
        return self.root / "logs"

    @property
    def pids_file(self) -> Path:
        """Who runs, for the next start to find should this one be killed."""
        return self.root / "pids.json"

    @property
    def secrets_file(self) -> Path:
        """Generated secrets, readable by the owner only."""
        return self.root / "secrets.json"

    def secrets(self) -> DemoSecrets:
        """Return the secrets of this folder, made up now where one is missing."""
        kept: dict[str, str] = {}
        with contextlib.suppress(OSError, ValueError):
            kept = dict(json.loads(self.secrets_file.read_text()))
        names = [field.name for field in fields(DemoSecrets)]
        made = DemoSecrets(**{name: str(kept.get(name) or _new(name)) for name in names})
        if asdict(made) != kept:
            self.secrets_file.touch(mode=0o600)
            self.secrets_file.chmod(0o600)
            self.secrets_file.write_text(json.dumps(asdict(made), indent=2) + "\n")
        return made

    def empty(self) -> None:
        """Delete all but the lock."""
        for entry in self.root.iterdir():
            if entry.name == _LOCK:
                continue
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()

    def put_old_logs_aside(self) -> None:
        """Move the logs of the last run to `logs/previous`: what is read now was written now."""
        previous = self.logs / "previous"
        shutil.rmtree(previous, ignore_errors=True)
        previous.mkdir(parents=True)
        for log in self.logs.glob("*.log"):
            log.rename(previous / log.name)


@contextlib.contextmanager
def open_home(options: DemoOptions) -> Iterator[DemoHome]:
    """Make the demo's folder and hold its lock; `DemoError` when another demo holds it or it is not ours."""
    root = options.data_dir.absolute() / str(options.port_base)
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        # What is kept here is nobody else's business, least of all a repository's.
        (options.data_dir / ".gitignore").write_text("*\n")
        lock = (root / _LOCK).open("a+")
    except OSError as error:
        raise DemoError(
            f"Cannot write to {root} ({error.strerror}). "
            "Make it yours, or choose another folder with --data-dir."
        ) from None
    with lock:
        if (owner := root.stat().st_uid) != os.geteuid():
            raise DemoError(
                f"{root} belongs to another user (id {owner}), who could not use it any more after us. "
                "Run as that user, or choose another folder with --data-dir."
            )
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DemoError(_taken(root, options=options)) from None
        lock.seek(0)
        lock.truncate()
        lock.write(str(os.getpid()))
        lock.flush()
        yield DemoHome(root)


def _taken(root: Path, *, options: DemoOptions) -> str:
    text = (root / _LOCK).read_text().strip()
    who = f" (process {text})" if text.isdecimal() and is_running(int(text)) else ""
    return (
        f"A demo already runs on port base {options.port_base}{who}. Stop it with Ctrl-C, "
        "or run a second one beside it with another port base: "
        f"vitte demo --port-base {options.port_base + 100}"
    )


def _new(name: str) -> str:
    # The admin's password is typed by a person; the others are not.
    return secrets.token_hex(5) if name == "admin_password" else secrets.token_urlsafe(32)
