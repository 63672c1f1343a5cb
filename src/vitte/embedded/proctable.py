"""Asking the system about processes that we did not start, or started in an earlier life."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_HAS_PROC = sys.platform == "linux"


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """A process that cannot be taken for a later one with the same id.

    `started` is the system's own mark of its start: boot id and clock ticks on Linux, a date elsewhere.
    """

    pid: int
    started: str

    def is_alive(self) -> bool:
        """Tell whether this very process still runs; a zombie does not."""
        return identify(self.pid) == self


def identify(pid: int) -> ProcessIdentity | None:
    """Return the identity of the running process `pid`; None when there is none, or only its zombie."""
    if not _HAS_PROC:
        started = _ps(pid, "lstart=")
        return ProcessIdentity(pid, started) if started and not _ps(pid, "stat=").startswith("Z") else None
    fields = _stat(pid)
    if fields is None or fields[0] in "ZX":
        return None
    return ProcessIdentity(pid, f"{_boot_id()}:{fields[19]}")


def is_running(pid: int) -> bool:
    """Tell whether a process `pid` exists and is no zombie, whoever's it is."""
    return identify(pid) is not None


def command_of(pid: int) -> list[str]:
    """Return the command line of `pid`; empty when it cannot be known."""
    if not _HAS_PROC:
        return _ps(pid, "command=").split()
    try:
        raw = (_PROC / str(pid) / "cmdline").read_bytes()
    except OSError:
        return []
    return [os.fsdecode(argument) for argument in raw.rstrip(b"\0").split(b"\0")]


def working_directory_of(pid: int) -> Path | None:
    """Return the folder that `pid` works in; None when it cannot be known."""
    try:
        return (_PROC / str(pid) / "cwd").readlink()
    except OSError:
        return None


def descendants_of(pid: int) -> list[int]:
    """Return the children of `pid`, their children and so on, parents first."""
    parents = {child: parent for child, parent, _ in _all()}
    found = [pid]
    for ancestor in found:
        found.extend(child for child, parent in parents.items() if parent == ancestor and child not in found)
    return found[1:]


def members_of_group(group: int) -> list[int]:
    """Return the running processes of process group `group`."""
    return [pid for pid, _, its_group in _all() if its_group == group and is_running(pid)]


def with_environment(setting: str) -> list[int]:
    """Return the processes of this user whose environment holds the exact `NAME=value` given; Linux only."""
    if not _HAS_PROC:
        return []
    wanted = os.fsencode(setting)
    return [pid for pid, _, _ in _all() if wanted in _environment(pid)]


def _environment(pid: int) -> list[bytes]:
    try:
        return (_PROC / str(pid) / "environ").read_bytes().split(b"\0")
    except OSError:  # gone, or somebody else's
        return []


def _all() -> list[tuple[int, int, int]]:
    """Return (process, parent, group) of every process."""
    if not _HAS_PROC:
        rows = _run_ps("-A", "-o", "pid=,ppid=,pgid=").split("\n")
        return [
            (int(pid), int(parent), int(group)) for pid, parent, group in map(str.split, filter(None, rows))
        ]
    return [
        (int(entry.name), int(fields[1]), int(fields[2]))
        for entry in _PROC.iterdir()
        if entry.name.isdecimal() and (fields := _stat(int(entry.name))) is not None
    ]


def _stat(pid: int) -> list[str] | None:
    """Return the fields of /proc/PID/stat from the third (state) on:
    https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html.
    """
    try:
        raw = (_PROC / str(pid) / "stat").read_bytes()
    except OSError:
        return None
    # The second field is the program's name in brackets and may hold blanks and brackets itself.
    return raw[raw.rindex(b")") + 2 :].decode().split()


def _boot_id() -> str:
    try:
        return (_PROC / "sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def _ps(pid: int, column: str) -> str:
    return _run_ps("-p", str(pid), "-o", column).strip()


def _run_ps(*arguments: str) -> str:
    return subprocess.run(["ps", *arguments], capture_output=True, text=True, check=False).stdout  # noqa: S603, S607 - fixed arguments; where ps lives differs by system
