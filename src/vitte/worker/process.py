"""The parent process of the worker, and how it ends."""

import os
import signal
import threading
from types import FrameType
from typing import Any

import structlog
from celery.apps.worker import Worker, install_worker_term_hard_handler
from celery.worker import state

logger = structlog.get_logger(__name__)

JOBS_GET = 20.0
"""Seconds that jobs in progress get to end."""


class WorkerProcess(Worker):  # type: ignore[misc]
    """Celery's worker with other manners at its end.

    SIGTERM and SIGINT end it as soon as its jobs have ended; jobs that take longer than `JOBS_GET` are
    cancelled and go back to the queue. A second signal ends it at once. Celery's soft shutdown sleeps
    for its whole time-out however soon the jobs end (22.7 s instead of 4.0 s for a job that had 2 s to
    go), and its warm one waits without end: whoever loses patience and kills it leaves the jobs to the
    visibility time-out.
    """

    def install_platform_tweaks(self, worker: Any) -> None:
        """Install our signal handlers instead of Celery's, and its SIGQUIT for what takes too long."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, _on_signal)
        install_worker_term_hard_handler(worker)


def _on_signal(number: int, _frame: FrameType | None) -> None:
    name = signal.Signals(number).name
    if state.should_stop is not None:
        logger.warning("stopped_at_once", signal=name)
        os._exit(128 + number)
    # First of all: a second signal may come while this one is still being handled.
    state.should_stop = 0
    logger.info("stopping", signal=name)
    timer = threading.Timer(JOBS_GET, _cancel_jobs)
    timer.daemon = True
    timer.start()


def _cancel_jobs() -> None:
    logger.warning("jobs_cancelled", after=JOBS_GET)
    os.kill(os.getpid(), signal.SIGQUIT)
