"""Metrics of several processes, in files that they share."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from prometheus_client import CollectorRegistry, Metric, generate_latest, values
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from vitte.core.machine import FamilyCollector, MachineCollector


def count_across_processes(folder: Path, place: Callable[[], str]) -> None:
    """Let metrics live in files of `folder`; `place` names the process that it is called in.

    To be called before any metric is made. A file belongs to a place, not to a process id as by default: a
    process that takes another's place goes on counting in its file, and the files do not grow in number.
    """
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)  # noqa: TID251 - it is how that library is told
    values.ValueClass = values.MultiProcessValue(place)  # type: ignore[no-untyped-call]


def render(folder: Path, *, parent: int) -> bytes:
    """Return what all processes have counted, in Prometheus's text format, and what they use.

    `parent` is the id of the process that the others belong to.
    """
    registry = CollectorRegistry()
    registry.register(_FilesCollector(folder))
    registry.register(MachineCollector())
    registry.register(FamilyCollector(parent))
    return generate_latest(registry)


class _FilesCollector(Collector):
    """Adds up what the files hold.

    The library's own takes every file for complete, and so fails on one that another process has just made
    and not yet given its size.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def describe(self) -> Iterable[Metric]:
        """Say nothing before it is asked: registering must not read anything."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """Read now."""
        files = [str(file) for file in self._folder.glob("*.db") if file.stat().st_size]
        merged: Iterable[Metric] = MultiProcessCollector.merge(files)  # type: ignore[no-untyped-call]
        return merged
