"""Identifiers made here, and the correlation id that joins an update to its jobs and log lines."""

import secrets
from contextvars import ContextVar

_correlation_id: ContextVar[str | None] = ContextVar("correlation_id", default=None)


def new_id() -> str:
    """Return 16 random hexadecimal digits: short enough for a log line, long enough never to meet again."""
    return secrets.token_hex(8)


def current_correlation_id() -> str | None:
    """Return the id of the work going on in this context, or None outside any."""
    return _correlation_id.get()


def bind_correlation_id(correlation_id: str | None = None) -> str:
    """Make `correlation_id`, or a new one, that of the current context, and return it."""
    bound = correlation_id or new_id()
    _correlation_id.set(bound)
    return bound
