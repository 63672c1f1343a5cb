"""How the clock shows that it goes: its port answers from a thread, so a file is touched by the ticks."""

import os
import tempfile
import time
from pathlib import Path

from celery.beat import Scheduler

MAX_AGE = 60.0
"""Seconds without a tick after which the clock counts as stuck; it ticks at least every `LONGEST_PAUSE`."""
LONGEST_PAUSE = 10


class VisibleScheduler(Scheduler):  # type: ignore[misc]
    """Celery's plain scheduler: its default one keeps a file, which a kill in the wrong moment breaks."""

    def tick(self, *args: object, **options: object) -> float:
        """Send what is due, and leave the sign."""
        pause: float = super().tick(*args, **options)
        touch()
        return pause


def touch() -> None:
    """Leave a sign of life."""
    # Anybody may make files where this one is: never through a link of somebody else's.
    file = os.open(_path(), os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        os.utime(file)
    finally:
        os.close(file)


def age() -> float | None:
    """Return the seconds since the last sign of life, or None when there was none."""
    try:
        return max(0.0, time.time() - _path().stat().st_mtime)
    except FileNotFoundError:
        return None


def _path() -> Path:
    return Path(tempfile.gettempdir()) / f"vitte-beat-{os.getuid()}"
