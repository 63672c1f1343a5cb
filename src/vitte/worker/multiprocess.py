"""Metrics of all of the worker's processes, in files that they share."""

import os
from pathlib import Path

from billiard.process import current_process
from prometheus_client import CollectorRegistry, generate_latest, values
from prometheus_client.multiprocess import MultiProcessCollector

from vitte.core.machine import FamilyCollector, MachineCollector


def count_across_processes() -> None:
    """Let metrics live in files of the folder PROMETHEUS_MULTIPROC_DIR, which all processes share.

    To be called before any metric is made. A file belongs to a place in the pool, not to a process id as
    by default: a process that takes another's place goes on counting in its file, and the files do not
    grow in number for as long as the worker runs.
    """
    values.ValueClass = values.MultiProcessValue(_place_in_pool)  # type: ignore[no-untyped-call]


def render(folder: Path) -> bytes:
    """Return what all processes have counted, in Prometheus's text format. For the parent process."""
    registry = CollectorRegistry()
    MultiProcessCollector(registry, str(folder))  # type: ignore[no-untyped-call]
    registry.register(MachineCollector())
    registry.register(FamilyCollector(os.getpid()))
    return generate_latest(registry)


def _place_in_pool() -> str:
    place = getattr(current_process(), "index", None)
    return "parent" if place is None else str(place)
