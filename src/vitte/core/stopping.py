"""How a process is told to end: the first signal asks, the second one insists."""

import itertools
import os
import signal
from collections.abc import Callable
from types import FrameType
from typing import Any, NoReturn

import structlog

logger = structlog.get_logger(__name__)

MARGIN = 9.0
"""Seconds that a process may take for its end beyond what its work in progress gets."""
_LAST_WORDS = 1.0


def obey_signals(
    stop: Callable[[], None], *, within: float, before_end: Callable[[], None] = lambda: None
) -> None:
    """Call `stop` at the first SIGTERM or SIGINT; the second ends the process at once, with 128 + its number.

    Whatever holds the process up, it is over `within` seconds after the first, with exit code 1: what it was
    doing is stored, and the next process takes it up. `stop` is called between two instructions of the main
    thread, wherever that is, and may raise to interrupt them. `before_end` is called there too, before an
    end at once. Takes SIGALRM for itself. No thread is started here and no lock is taken: the instructions
    interrupted may hold it.
    """
    # Asked and counted in one step: the second signal may come while the first is still being handled.
    signals_so_far = itertools.count()

    def on_signal(number: int, _frame: FrameType | None) -> None:
        is_first = next(signals_so_far) == 0
        name = signal.Signals(number).name
        if not is_first:
            end(128 + number, "stopped_at_once", signal=name)
        _tell_stopping(name)
        _call_after(within, lambda: end(1, "stop_overdue", seconds=within))
        stop()

    def end(exit_code: int, event: str, **fields: Any) -> NoReturn:
        # As above: the line may be lost, the end may not.
        _call_after(_LAST_WORDS, lambda: os._exit(exit_code))
        logger.warning(event, **fields)
        before_end()
        os._exit(exit_code)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)


def _tell_stopping(name: str) -> None:
    # A log that nobody reads holds up whoever writes to it, and a second signal that came together with this
    # one would wait too.
    try:
        _call_after(_LAST_WORDS, _interrupt)
        logger.info("stopping", signal=name)
        signal.setitimer(signal.ITIMER_REAL, 0)
    except _InterruptedError:
        pass


class _InterruptedError(Exception):
    """A line took too long."""


def _interrupt() -> NoReturn:
    raise _InterruptedError


def _call_after(seconds: float, call: Callable[[], None]) -> None:
    signal.signal(signal.SIGALRM, lambda *_: call())
    signal.setitimer(signal.ITIMER_REAL, seconds)
