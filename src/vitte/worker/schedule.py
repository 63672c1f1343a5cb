"""The clock: what is done when. A tick is a name and no more."""

from datetime import datetime, timedelta
from typing import Any

from celery.schedules import crontab, schedule

from vitte.core.job_names import (
    CLEAN_UP_OLD_MESSAGES,
    MEASURE,
    PURGE_FINISHED,
    PURGE_USAGE,
    SWEEP_JOBS,
    SWEEP_USAGE,
    TEST_TASK,
    TICK_QUEUE,
)

_LONG_AGO = timedelta(days=366)
_MISSED = 6
"""Intervals for which a tick waits for a process: all of them may be at jobs that take longer than one."""


def create_schedule(now: datetime, *, sweep_interval: float) -> dict[str, dict[str, Any]]:
    """Return Celery's `beat_schedule` for a clock that starts at `now`; times are UTC.

    `sweep_interval` is in seconds. Every entry counts as due at the start. The clock remembers nothing on
    disk: no file can be broken by a kill, and what was due while it was down is made up for at once. A tick
    too many does no harm, since ticks look for what there is to do and find nothing the second time.
    """
    entries: dict[str, dict[str, Any]] = {
        "clean-up-old-messages": {
            "task": CLEAN_UP_OLD_MESSAGES,
            "schedule": crontab(hour=3, minute=30),
            "options": {"expires": _seconds(hours=23)},
        },
        "sweep-jobs": {
            "task": SWEEP_JOBS,
            "schedule": schedule(timedelta(seconds=sweep_interval)),
            "options": {"expires": _MISSED * sweep_interval},
        },
        "measure": {
            "task": MEASURE,
            "schedule": schedule(timedelta(seconds=sweep_interval)),
            "options": {"expires": _MISSED * sweep_interval},
        },
        "purge-finished": {
            "task": PURGE_FINISHED,
            "schedule": schedule(timedelta(hours=1)),
            "options": {"expires": _seconds(minutes=50)},
        },
        "sweep-usage": {
            "task": SWEEP_USAGE,
            "schedule": schedule(timedelta(minutes=1)),
            "options": {"expires": _seconds(seconds=50)},
        },
        "purge-usage": {
            "task": PURGE_USAGE,
            "schedule": crontab(hour=4, minute=10),
            "options": {"expires": _seconds(hours=23)},
        },
        # A sign of life of the whole chain: without its line in the worker's log something is broken.
        "heartbeat": {
            "task": TEST_TASK,
            "schedule": schedule(timedelta(minutes=5)),
            "options": {"expires": _seconds(minutes=4)},
        },
    }
    # Ticks that nobody took expire: a worker that was away for long shall not find a heap of them.
    for entry in entries.values():
        entry["options"]["queue"] = TICK_QUEUE
        entry["last_run_at"] = now - _LONG_AGO
    return entries


def _seconds(**parts: float) -> int:
    return int(timedelta(**parts).total_seconds())
