"""What processes use, read from `/proc`: https://man7.org/linux/man-pages/man5/proc.5.html ."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_TICKS = os.sysconf("SC_CLK_TCK")
# Of /proc/PID/stat, counted from the state on.
_PARENT, _CPU_TIMES = 1, slice(11, 15)
_SHARED = ("RssFile", "RssShmem")


@dataclass(frozen=True, slots=True)
class Family:
    """A process with its children. CPU and waits in seconds so far, memory in bytes."""

    cpu: float
    waited: float
    """For a core, while there was something to do: because of the others on this machine."""
    memory: int
    files: int
    processes: int


@dataclass(frozen=True, slots=True)
class Cores:
    """What all cores of the machine did so far, in seconds."""

    busy: float
    idle: float


def read_cores() -> Cores:
    """Return what all cores did since the machine's start."""
    first = (_PROC / "stat").read_text().split("\n", 1)[0].split()[1:]
    user, nice, system, idle, iowait, irq, softirq, *_ = (int(field) / _TICKS for field in first)
    return Cores(busy=user + nice + system + irq + softirq, idle=idle + iowait)


def read_families(roots: Mapping[str, int]) -> dict[str, Family]:
    """Return what each process of `roots` uses, by name, its children included down to another root.

    One that has ended is left out.
    """
    stats = _read_stats()
    owners = {pid: name for name, pid in roots.items()}
    members: dict[str, list[int]] = {}
    for pid in stats:
        ancestor: int | None = pid
        while ancestor in stats and ancestor not in owners:
            ancestor = int(stats[ancestor][_PARENT])
        if ancestor in owners:
            members.setdefault(owners[ancestor], []).append(pid)
    return {
        name: Family(
            # With what children used that have ended: it is their parent's from then on.
            cpu=sum(sum(map(int, stats[pid][_CPU_TIMES])) for pid in pids) / _TICKS,
            waited=sum(map(_waited, pids)),
            memory=_memory(pids),
            files=sum(map(_files, pids)),
            processes=len(pids),
        )
        for name, pids in members.items()
    }


def _read_stats() -> dict[int, list[str]]:
    stats = {}
    for entry in os.listdir(_PROC):  # noqa: PTH208 - many names, a thousand times
        if entry.isdecimal():
            try:
                raw = (_PROC / entry / "stat").read_bytes()
            except OSError:
                continue
            # The program's name before it may hold blanks and brackets itself.
            stats[int(entry)] = raw[raw.rindex(b")") + 2 :].decode().split()
    return stats


def _memory(pids: list[int]) -> int:
    """Return what the processes hold together, as their container would count it.

    What a child still shares with its parent since the fork counts once (their shares of it add up), and so
    do programs and shared memory, of which the process with most has about all.
    """
    own, shared = 0, dict.fromkeys(_SHARED, 0)
    for pid in pids:
        sizes = _sizes(_PROC / str(pid) / "smaps_rollup")
        own += sizes.get("Pss_Anon", 0)
        status = _sizes(_PROC / str(pid) / "status")
        for name in _SHARED:
            shared[name] = max(shared[name], status.get(name, 0))
    return own + sum(shared.values())


def _sizes(path: Path) -> dict[str, int]:
    try:
        lines = path.read_text().splitlines()
    except OSError:  # it has just ended
        return {}
    return {
        name: int(value.split()[0]) << 10
        for name, _, value in (line.partition(":") for line in lines)
        if value.endswith(" kB")
    }


def _waited(pid: int) -> float:
    """Return what the main thread waited for: https://docs.kernel.org/scheduler/sched-stats.html ."""
    try:
        return int((_PROC / str(pid) / "schedstat").read_text().split()[1]) / 1e9
    except (OSError, IndexError):  # it has just ended, or the kernel does not tell
        return 0.0


def _files(pid: int) -> int:
    try:
        return len(os.listdir(_PROC / str(pid) / "fd"))  # noqa: PTH208 - many names, a thousand times
    except OSError:
        return 0
