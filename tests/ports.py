"""Ports that no other process of a test run takes meanwhile."""

import random

from vitte.embedded import ports
from vitte.embedded.ports import is_free

_LOWEST, _SHARE = 10_000, 2_000


def keep_apart(worker_number: int) -> None:
    """Let this process of the run take ports from a range of its own.

    Between the moment a port is found free and the moment somebody listens on it seconds may pass: four
    processes that look in one place now and then find the same. The range is beside the product's, from which
    what they start takes ports of its own.
    """
    ports._LOWEST = _LOWEST + _SHARE * (worker_number % 5)
    ports._HIGHEST = ports._LOWEST + _SHARE - 1


def free_row(length: int) -> int:
    """Return the first of so many free ports in a row."""
    bases = range(ports._LOWEST, ports._HIGHEST - length, length)
    return next(
        base
        for base in random.sample(bases, len(bases))
        if all(is_free(port) for port in range(base, base + length))
    )
