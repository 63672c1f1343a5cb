"""Counting calls that are answered whole."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from vitte.clients.endpoint.metrics import CALLS, SECONDS
from vitte.core.errors import VitteError


@contextmanager
def counted(kind: str, model: str) -> Iterator[None]:
    """Count a call by how it ends, and how long it took. One that nobody waits for is "abandoned"."""
    started, outcome = time.monotonic(), "abandoned"
    try:
        yield
        outcome = "complete"
        SECONDS.labels(kind, model).observe(time.monotonic() - started)
    except VitteError as error:
        outcome = error.code
        raise
    finally:
        CALLS.labels(kind, model, outcome).inc()
