"""The one place that knows the time, so that a test can set it instead of sleeping."""

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time in UTC."""

    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""
        return datetime.now(UTC)  # noqa: TID251 - this is the place the rule points to


def utc_now() -> datetime:
    """Return the machine's current time in UTC, for code that no test needs to steer."""
    return datetime.now(UTC)  # noqa: TID251 - this is the place the rule points to
