"""How urgent a call to Telegram is."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import StrEnum


class Lane(StrEnum):
    """Who goes first: answers to people, then what they wait for less, then mailings.

    A preview, which shows how far an answer has come, goes out at once or not at all.
    """

    INTERACTIVE = "interactive"
    PREVIEW = "preview"
    TRANSACTIONAL = "transactional"
    BULK = "bulk"


_current: ContextVar[Lane] = ContextVar("telegram_lane", default=Lane.INTERACTIVE)


def current_lane() -> Lane:
    """Return the lane of the calls made in this context."""
    return _current.get()


@contextmanager
def in_lane(lane: Lane) -> Iterator[None]:
    """Make the calls of this block in `lane`."""
    token = _current.set(lane)
    try:
        yield
    finally:
        _current.reset(token)
