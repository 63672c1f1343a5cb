"""What a process can tell of the machine or container that it runs in, without an agent beside it."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily
from prometheus_client.registry import Collector

from vitte import __version__

# https://docs.kernel.org/admin-guide/cgroup-v2.html ; a container sees its own group here.
_CGROUP = Path("/sys/fs/cgroup")
# Inside a container this is where Docker keeps its layers and, unless told otherwise, its volumes.
_DISK = "/"


class MachineCollector(Collector):
    """Version, disk, and what the container uses of its limits; what cannot be known is left out."""

    def __init__(self, cgroup: Path = _CGROUP) -> None:
        self._cgroup = cgroup

    def describe(self) -> Iterator[Metric]:
        """Say nothing before it is asked: registering must not read anything."""
        yield from ()

    def collect(self) -> Iterator[Metric]:
        """Measure now."""
        yield InfoMetricFamily("vitte_build", "The version that runs.", value={"version": __version__})
        disk = shutil.disk_usage(_DISK)
        yield GaugeMetricFamily("vitte_disk_size_bytes", "Size of the disk.", value=disk.total)
        yield GaugeMetricFamily("vitte_disk_free_bytes", "What is left of the disk.", value=disk.free)
        yield from self._memory()
        yield from self._cpu()

    def _memory(self) -> Iterator[Metric]:
        limit, current = self._number("memory.max"), self._number("memory.current")
        if limit is None or current is None:
            return
        # Pages of files can be dropped at any time: what cannot is what the limit bites.
        reclaimable = self._fields("memory.stat").get("inactive_file", 0)
        yield GaugeMetricFamily("vitte_memory_limit_bytes", "Memory of the container.", value=limit)
        yield GaugeMetricFamily(
            "vitte_memory_used_bytes",
            "What the container uses of its memory, without what can be dropped.",
            value=max(current - reclaimable, 0),
        )

    def _cpu(self) -> Iterator[Metric]:
        stat = self._fields("cpu.stat")
        if "throttled_usec" in stat:
            yield CounterMetricFamily(
                "vitte_cpu_throttled_seconds",
                "Time that the container had to wait because of its CPU limit.",
                value=stat["throttled_usec"] / 1e6,
            )

    def _number(self, name: str) -> int | None:
        """Return what a file holds; None without the file, and for "max", which is no limit."""
        text = self._read(name).strip()
        return int(text) if text.isdecimal() else None

    def _fields(self, name: str) -> dict[str, int]:
        return {
            key: int(value)
            for key, _, value in (line.partition(" ") for line in self._read(name).splitlines())
            if value.isdecimal()
        }

    def _read(self, name: str) -> str:
        try:
            return (self._cgroup / name).read_text("ascii")
        except OSError:
            return ""


class FamilyCollector(Collector):
    """CPU and memory of a process and its children together, under the names that one process has.

    Memory that they share, as they do after a fork, counts once.
    """

    def __init__(self, pid: int, proc: Path = Path("/proc")) -> None:
        self._pid = pid
        self._proc = proc

    def collect(self) -> Iterator[Metric]:
        """Measure now; nothing where there is no /proc."""
        own = self._cpu_ticks(self._pid, with_ended_children=True)
        if own is None:
            return
        children = self._children()
        ticks = own + sum(self._cpu_ticks(child, with_ended_children=False) or 0 for child in children)
        yield CounterMetricFamily(
            "process_cpu_seconds",
            "CPU time of the process and its children.",
            value=ticks / os.sysconf("SC_CLK_TCK"),
        )
        yield GaugeMetricFamily(
            "process_resident_memory_bytes",
            "Memory of the process and its children, each page once.",
            value=sum(self._proportional_memory(pid) for pid in (self._pid, *children)),
        )

    def _children(self) -> list[int]:
        try:
            text = (self._proc / f"{self._pid}/task/{self._pid}/children").read_text("ascii")
        except OSError:
            return []
        return [int(pid) for pid in text.split()]

    def _cpu_ticks(self, pid: int, *, with_ended_children: bool) -> int | None:
        # https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html : utime, stime, cutime, cstime are the
        # fields 14 to 17; what stands before the last parenthesis is two of them, and may hold spaces.
        try:
            fields = (self._proc / f"{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
        except OSError:
            return None
        return sum(map(int, fields[11 : 15 if with_ended_children else 13]))

    def _proportional_memory(self, pid: int) -> int:
        try:
            text = (self._proc / f"{pid}/smaps_rollup").read_text("ascii")
        except OSError:
            return 0
        kilobytes = (line.split()[1] for line in text.splitlines() if line.startswith("Pss:"))
        return 1024 * int(next(kilobytes, "0"))
