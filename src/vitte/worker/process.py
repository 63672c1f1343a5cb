"""The parent process of the worker, and how it ends."""

import os
import signal
import threading
import time
from typing import Any

import structlog
from billiard.process import active_children
from celery.apps.worker import Worker, install_worker_term_hard_handler
from celery.worker import state

from vitte.core.stopping import MARGIN, obey_signals

logger = structlog.get_logger(__name__)


class WorkerProcess(Worker):  # type: ignore[misc]
    """Celery's worker with other manners at its end.

    SIGTERM and SIGINT end it as soon as its jobs have ended; jobs that take longer than `patience` seconds
    are cancelled and go back to the queue. A second signal ends it at once. Celery's soft shutdown sleeps
    for its whole time-out however soon the jobs end (22.7 s instead of 4.0 s for a job that had 2 s to
    go), and its warm one waits without end: whoever loses patience and kills it leaves the jobs to the
    visibility time-out.
    """

    def __init__(self, *, patience: float, **options: Any) -> None:
        self._patience = patience
        self._stopping = threading.Event()
        super().__init__(**options)

    def install_platform_tweaks(self, worker: Any) -> None:
        """Install our signal handlers instead of Celery's, and its SIGQUIT for what takes too long."""
        # Started here, since a signal's handler had better start none.
        threading.Thread(target=self._cancel_late_jobs, name="patience", daemon=True).start()
        obey_signals(self._stop, within=self._patience + MARGIN, before_end=_kill_children)
        install_worker_term_hard_handler(worker)

    def _stop(self) -> None:
        state.should_stop = 0
        self._stopping.set()

    def _cancel_late_jobs(self) -> None:
        self._stopping.wait()
        time.sleep(self._patience)
        logger.warning("jobs_cancelled", after=self._patience)
        os.kill(os.getpid(), signal.SIGQUIT)


def _kill_children() -> None:
    """End the processes of the pool: on their own they would go on until their job is done."""
    for child in active_children():
        os.kill(child.pid, signal.SIGKILL)
