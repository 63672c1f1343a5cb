"""Every metric that the code has, with its labels."""

import os
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from tempfile import TemporaryDirectory

from prometheus_client import REGISTRY
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.registry import Collector

import vitte
from vitte.core.certificates import CertificateCollector
from vitte.core.clock import utc_now
from vitte.core.machine import FamilyCollector, MachineCollector

# Of one process too, which the worker gives for its family.
_FROM_OUTSIDE = {"up": {"job", "instance"}, "ALERTS": {"alertname", "alertstate", "severity"}}
_TARGET = {"job", "instance"}
_SUFFIXES = {
    "counter": ("_total",),
    "gauge": ("",),
    "histogram": ("_bucket", "_count", "_sum"),
    "info": ("_info",),
    "summary": ("_count", "_sum"),
}


def own_metrics() -> dict[str, set[str]]:
    """Return every series of ours by its name, with its labels but those of the target."""
    found: dict[str, set[str]] = {}
    for name, kind, labels in _described():
        for suffix in _SUFFIXES[kind]:
            found[name + suffix] = labels | ({"le"} if suffix == "_bucket" else set())
    return found


def known_series() -> dict[str, set[str]]:
    """Return every series that a query may name, with its labels."""
    known = {name: labels | _TARGET for name, labels in own_metrics().items()}
    return known | _FROM_OUTSIDE


def _described() -> Iterator[tuple[str, str, set[str]]]:
    for module in walk_packages(vitte.__path__, "vitte."):
        if module.name.endswith((".metrics", ".jobs")) and "embedded" not in module.name:
            import_module(module.name)
    with TemporaryDirectory() as folder:
        # A container with limits: on a machine without, there is nothing to tell of them.
        for name, content in {
            "memory.max": "2",
            "memory.current": "1",
            "cpu.stat": "throttled_usec 1",
        }.items():
            (Path(folder) / name).write_text(content)
        machine, family = MachineCollector(Path(folder)), FamilyCollector(os.getpid())
        certificate = CertificateCollector("localhost:443", look=lambda *_: utc_now())
        for collector in (*REGISTRY._collector_to_names, machine, family, certificate):
            yield from _of(collector)


def _of(collector: Collector) -> Iterator[tuple[str, str, set[str]]]:
    for metric in collector.collect():
        if isinstance(collector, MetricWrapperBase):
            labels = set(collector._labelnames)
        else:
            labels = {label for sample in metric.samples for label in sample.labels}
        yield metric.name, metric.type, labels
