"""Several processes that serve behind one socket, under a parent that keeps their number."""

import os
import signal
from collections.abc import Callable

import structlog

from vitte.core.stopping import MARGIN, obey_signals

logger = structlog.get_logger(__name__)

Work = Callable[[int, int], None]
"""Serves until SIGTERM, or until the pipe behind the second argument closes: the parent is gone then. The
first is the process's place: 0, 1, ..."""


class WorkerProcesses:
    """Forks, so that what the parent has loaded is there once. To be made before any thread or event loop."""

    def __init__(self, count: int, work: Work, *, patience: float) -> None:
        self._count = count
        self._patience = patience
        self._work = work
        self._places: dict[int, int] = {}
        self._alive, self._alive_end = os.pipe()
        self._is_stopping = False

    def run(self) -> int:
        """Keep the processes until SIGTERM or SIGINT, and return the exit code; a second signal kills them.

        One that was killed is replaced. One that gave up by itself ends all: its reason would be the next
        one's too.
        """
        # The processes end by themselves within their patience; this one waits a little longer.
        obey_signals(
            self._stop,
            within=self._patience + 2 * MARGIN,
            before_end=lambda: self._stop(signal.SIGKILL),
        )
        for place in range(self._count):
            self._fork(place)
        exit_code = 0
        while self._places:
            pid, status = os.waitpid(-1, 0)
            place = self._places.pop(pid)
            if os.WIFEXITED(status):
                exit_code = exit_code or os.WEXITSTATUS(status)
                self._stop()
            elif not self._is_stopping:
                logger.warning("worker_replaced", worker=place, signal=os.WTERMSIG(status))
                self._fork(place)
        return exit_code

    def _fork(self, place: int) -> None:
        # A signal between the fork and its entry would miss the new process.
        signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGTERM, signal.SIGINT))
        if pid := os.fork():
            self._places[pid] = place
            signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGTERM, signal.SIGINT))
            return
        exit_code = 1
        try:
            os.close(self._alive_end)
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGTERM, signal.SIGINT))
            self._work(place, self._alive)
            exit_code = 0
        except Exception:
            logger.exception("worker_failed", worker=place)
        finally:
            # Nothing of the parent's is to be cleaned up here.
            os._exit(exit_code)

    def _stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        is_first = not self._is_stopping
        self._is_stopping = True
        if is_first or number is signal.SIGKILL:
            for pid in self._places:
                os.kill(pid, number)
