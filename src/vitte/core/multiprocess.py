"""Metrics of several processes, in files that they share."""

import os
from collections.abc import Callable
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest, values
from prometheus_client.multiprocess import MultiProcessCollector

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
    MultiProcessCollector(registry, str(folder))  # type: ignore[no-untyped-call]
    registry.register(MachineCollector())
    registry.register(FamilyCollector(parent))
    return generate_latest(registry)
