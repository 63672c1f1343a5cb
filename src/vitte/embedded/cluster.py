"""The folder that a PostgreSQL server lives in: made, locked, given its password."""

import contextlib
import hashlib
import hmac
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from vitte.embedded.errors import EmbeddedError
from vitte.embedded.ports import wait_until
from vitte.embedded.proctable import command_of, descendants_of, is_running, working_directory_of

# Runs a command of PostgreSQL's to its end with the given standard input; raises `EmbeddedError` when it
# fails.
Run = Callable[[list[str], bytes], None]

processes_of = descendants_of

_PATIENCE = 5.0  # seconds for a server of an earlier life to end
_PASSWORD_MARK = "password.mark"  # noqa: S105 - the name of a file


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a new cluster is made of. `sync` False does not wait for the disk."""

    bin_dir: Path
    user: str
    database: str
    password: str
    sync: bool


def create(cluster_dir: Path, *, recipe: Recipe, owner: int | None, run: Run) -> None:
    """Make a cluster with its user and database in `cluster_dir`: wholly, or not at all.

    Text is UTF-8 and letters are compared by code point, upper and lower case are known for all scripts.
    """
    unfinished = cluster_dir.with_name(f"{cluster_dir.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    if owner is not None:
        os.chown(unfinished, owner, owner)
    with _password_file(recipe.password, folder=cluster_dir.parent, owner=owner) as password_file:
        command = [f"{recipe.bin_dir}/initdb", f"--pgdata={unfinished}", f"--username={recipe.user}"]
        command += [
            "--encoding=UTF8",
            *_locale(recipe.bin_dir),
            "--auth=scram-sha-256",
            f"--pwfile={password_file}",
        ]
        run([*command, *([] if recipe.sync else ["--no-sync"])], b"")
    if recipe.database != "postgres":
        statement = f"CREATE DATABASE {_identifier(recipe.database)}"
        _run_single_user(unfinished, statement, recipe=recipe, run=run)
    _write_mark(cluster_dir, password=recipe.password)
    unfinished.rename(cluster_dir)


def ensure_password(cluster_dir: Path, *, recipe: Recipe, run: Run) -> None:
    """Give the user of a stopped cluster the recipe's password, if that is not the one it got last."""
    with contextlib.suppress(OSError):
        salt, _, digest = (cluster_dir.parent / _PASSWORD_MARK).read_text().partition(":")
        if hmac.compare_digest(digest, _digest(recipe.password, salt=salt)):
            return
    escaped = recipe.password.replace("'", "''")
    statement = f"ALTER ROLE {_identifier(recipe.user)} PASSWORD '{escaped}'"
    _run_single_user(cluster_dir, statement, recipe=recipe, run=run)
    _write_mark(cluster_dir, password=recipe.password)


def clear_lock(cluster_dir: Path, *, take_over: bool) -> None:
    """Remove the lock file of a server that is no more, though its process id may be somebody else's by now.

    A live server of this folder gets five seconds to end, with `take_over` a signal to do so; then
    `EmbeddedError`.
    """
    lock = cluster_dir / "postmaster.pid"
    try:
        first_line = lock.read_text().split("\n", 1)[0].strip()
    except OSError:
        return
    pid = int(first_line) if first_line.isdecimal() else None
    if pid is not None and _serves(pid, cluster_dir):
        if take_over:
            os.kill(pid, signal.SIGQUIT)
        if not wait_until(lambda: not is_running(pid), timeout=_PATIENCE):
            if not take_over:
                raise EmbeddedError(f"PostgreSQL already runs on {cluster_dir}, as process {pid}")
            for victim in (pid, *descendants_of(pid)):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(victim, signal.SIGKILL)
            wait_until(lambda: not is_running(pid), timeout=_PATIENCE)
    lock.unlink(missing_ok=True)


def is_ready(cluster_dir: Path, *, pid: int) -> bool:
    """Tell whether the server with process id `pid` takes connections.

    Its lock file says so: https://www.postgresql.org/docs/current/storage-file-layout.html (postmaster.pid),
    line 8.
    """
    try:
        lines = (cluster_dir / "postmaster.pid").read_text().splitlines()
    except OSError:
        return False
    return len(lines) >= 8 and lines[0].strip() == str(pid) and lines[7].strip() == "ready"


def fitting_options(cluster_dir: Path) -> dict[str, str]:
    """Return settings that only the version of this cluster knows."""
    version = int((cluster_dir / "PG_VERSION").read_text().strip().split(".")[0])
    # From 18 on reads go through three extra processes by default: nothing for a small machine.
    return {"io_method": "sync"} if version >= 18 else {}


def _locale(bin_dir: Path) -> list[str]:
    # The built-in provider came with version 17.
    if _has_builtin_provider(bin_dir):
        return ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    return ["--locale=C.UTF-8"]


def _has_builtin_provider(bin_dir: Path) -> bool:
    answer = subprocess.run(  # noqa: S603 - the server's own program
        [f"{bin_dir}/postgres", "--version"],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    return _major_version(answer.stdout) >= 17


def _major_version(text: str) -> int:
    """Return 18 for "postgres (PostgreSQL) 18.6 (Debian …)"."""
    for word in text.split():
        if word[0].isdecimal():
            return int("".join(c for c in word.split(".")[0] if c.isdecimal()))
    return 0


def _run_single_user(cluster_dir: Path, statement: str, *, recipe: Recipe, run: Run) -> None:
    # Without a server: no port, no client. One line is one statement.
    arguments = ["--single", "-F", "-D", str(cluster_dir), "-c", "exit_on_error=on"]
    # A statement that fails must not put the password into the log.
    arguments += ["-c", "log_min_error_statement=panic", "postgres"]
    run([f"{recipe.bin_dir}/postgres", *arguments], f"{statement}\n".encode())


def _serves(pid: int, cluster_dir: Path) -> bool:
    """Tell whether `pid` is a PostgreSQL server of this folder."""
    command = command_of(pid)
    if not is_running(pid) or not any("postgres" in word for word in command[:1]):
        return False
    return working_directory_of(pid) == cluster_dir.resolve() or str(cluster_dir) in command


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


@contextlib.contextmanager
def _password_file(password: str, *, folder: Path, owner: int | None) -> Iterator[str]:
    with tempfile.NamedTemporaryFile("w", dir=folder, encoding="utf-8") as file:
        file.write(password + "\n")
        file.flush()
        if owner is not None:
            os.chown(file.name, owner, owner)
        yield file.name


def _write_mark(cluster_dir: Path, *, password: str) -> None:
    salt = os.urandom(16).hex()
    mark = cluster_dir.parent / _PASSWORD_MARK
    mark.touch(mode=0o600)
    mark.write_text(f"{salt}:{_digest(password, salt=salt)}")


def _digest(password: str, *, salt: str) -> str:
    return hashlib.scrypt(password.encode(), salt=salt.encode(), n=2**12, r=8, p=1).hex()
