"""The sandbox's two clocks, wall and monotonic, behind one name, so that a test can move both."""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol, runtime_checkable

from vitte.core.clock import Clock, SystemClock


@runtime_checkable
class SandboxClock(Protocol):
    """Tells the time of day in UTC, and seconds that never go back."""

    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds since some fixed moment."""
        ...


class MachineClock(SystemClock):
    """The machine's clocks."""

    def monotonic(self) -> float:
        """Return the machine's monotonic clock, in seconds."""
        return time.monotonic()


class ManualClock:
    """A clock that stands still until it is moved."""

    def __init__(self, start: datetime | None = None) -> None:
        self._start = start or datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
        self._passed = 0.0

    def now(self) -> datetime:
        """Return the time the clock was moved to."""
        return self._start + timedelta(seconds=self._passed)

    def monotonic(self) -> float:
        """Return the seconds the clock was moved by."""
        return self._passed

    def advance(self, seconds: float) -> None:
        """Move both clocks forward."""
        self._passed += seconds


class _WallClock:
    """A plain clock whose time of day also serves as the monotonic one."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def now(self) -> datetime:
        return self._clock.now()

    def monotonic(self) -> float:
        return self._clock.now().timestamp()


def sandbox_clock(clock: Clock | None) -> SandboxClock:
    """Return `clock` as a sandbox clock: the machine's for None; a plain `Clock` gets a monotonic."""
    if clock is None:
        return MachineClock()
    return clock if isinstance(clock, SandboxClock) else _WallClock(clock)


def unix(clock: SandboxClock) -> int:
    """Return the clock's time as Telegram writes it: whole seconds since 1970."""
    return int(clock.now().timestamp())
