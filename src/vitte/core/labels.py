"""Metrics by their labels, for what is counted at every update."""

from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar

from prometheus_client import Counter, Gauge, Histogram

Metric = TypeVar("Metric", Counter, Gauge, Histogram)


def by_labels(metric: Metric) -> Callable[..., Metric]:
    """Return `metric.labels`, for values in their order, which remembers what it has returned.

    prometheus_client checks the labels and takes a lock each time, which costs several times what counting
    does. For metrics from which no labels are removed.
    """
    return lru_cache(maxsize=1024)(metric.labels)
