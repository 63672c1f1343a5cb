"""Several processes that serve behind one socket, under a parent that keeps their number."""

import os
import signal
from collections.abc import Callable
from types import FrameType

import structlog

logger = structlog.get_logger(__name__)

Work = Callable[[int, int], None]
"""Serves until SIGTERM, or until the pipe behind the second argument closes: the parent is gone then. The
first is the process's place: 0, 1, ..."""


class WorkerProcesses:
    """Forks, so that what the parent has loaded is there once. To be made before any thread or event loop."""

    def __init__(self, count: int, work: Work) -> None:
        self._count = count
        self._work = work
        self._places: dict[int, int] = {}
        self._alive, self._alive_end = os.pipe()
        self._is_stopping = False

    def run(self) -> int:
        """Keep the processes until SIGTERM or SIGINT, and return the exit code.

        One that was killed is replaced. One that gave up by itself ends all: its reason would be the next
        one's too.
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        for place in range(self._count):
            self._fork(place)
        exit_code = 0
        while self._places:
            pid, status = os.waitpid(-1, 0)
            place = self._places.pop(pid)
            if os.WIFEXITED(status):
                exit_code = exit_code or os.WEXITSTATUS(status)
                self._stop(signal.SIGTERM)
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

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        name = signal.Signals(number).name
        if self._is_stopping:
            logger.warning("stopped_at_once", signal=name)
            self._stop(signal.SIGKILL)
            os._exit(128 + number)
        logger.info("stopping", signal=name)
        self._stop(signal.SIGTERM)

    def _stop(self, number: signal.Signals) -> None:
        first = not self._is_stopping
        self._is_stopping = True
        if first or number is signal.SIGKILL:
            for pid in self._places:
                os.kill(pid, number)
