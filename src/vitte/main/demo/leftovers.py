"""What an earlier demo that was killed has left running, and how it is ended."""

import contextlib
import json
import os
import signal
from pathlib import Path

from vitte.embedded.ports import wait_until
from vitte.embedded.proctable import (
    ProcessIdentity,
    descendants_of,
    identify,
    is_running,
    with_environment,
)

MARK = "DEMO_OF_VITTE"


class PidsFile:
    """The parts that run now, by name, kept in a file for the next start.

    A process id alone could be somebody else's by then: the moment of its start is kept with it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._parts: dict[str, ProcessIdentity] = {}

    def add(self, name: str, pid: int) -> None:
        """`pid` now is the part `name`."""
        if (identity := identify(pid)) is not None:
            self._parts[name] = identity
            self._write()

    def remove(self, name: str) -> None:
        """The part `name` has ended."""
        if self._parts.pop(name, None) is not None:
            self._write()

    def read(self) -> dict[str, ProcessIdentity]:
        """Return what the file says, whoever wrote it; empty when there is none or it is torn."""
        try:
            kept = json.loads(self._path.read_text())
            return {name: ProcessIdentity(int(pid), str(started)) for name, (pid, started) in kept.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}

    def _write(self) -> None:
        parts = {name: [identity.pid, identity.started] for name, identity in self._parts.items()}
        unfinished = self._path.with_suffix(".unfinished")
        unfinished.write_text(json.dumps(parts))
        unfinished.replace(self._path)


def mark_of(root: Path) -> dict[str, str]:
    """Return the environment variable by which every process of the demo in `root` can be known."""
    return {MARK: str(root)}


def end_leftovers(root: Path, *, pids_file: PidsFile) -> list[str]:
    """End what an earlier demo in `root` left running; return the names of its parts that still ran.

    Only for the holder of the folder's lock. Ours are: a process of the file with the same start, what
    descends from it, and every process that carries our mark in its environment.
    """
    recorded = pids_file.read()
    alive = {name: identity for name, identity in recorded.items() if identity.is_alive()}
    family = {pid for identity in alive.values() for pid in descendants_of(identity.pid)}
    victims = {identity.pid for identity in alive.values()} | family | set(marked(root))
    # SIGTERM would let them finish what they are doing; but they have been without a parent, and may hang.
    for pid in victims:
        _kill(pid)
    wait_until(lambda: not any(map(is_running, victims)), timeout=5)
    return sorted(alive)


def marked(root: Path) -> list[int]:
    """Return the processes that carry the mark of the demo in `root`, this one excepted; Linux only."""
    setting = "=".join(*mark_of(root).items())
    return [pid for pid in with_environment(setting) if pid != os.getpid() and is_running(pid)]


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGKILL)
