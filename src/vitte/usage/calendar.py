"""Days and months, which are those of UTC."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

_NEAR = timedelta(minutes=1)
"""How far the clocks of two processes may be apart."""


@dataclass(frozen=True, slots=True)
class Period:
    """The day and the month of a moment."""

    now: datetime

    @property
    def day(self) -> date:
        """Return the day."""
        return self.now.astimezone(UTC).date()

    @property
    def first(self) -> date:
        """Return the first day of the month."""
        return self.day.replace(day=1)

    @property
    def last(self) -> date:
        """Return the last day of the month."""
        return self.day.replace(day=monthrange(self.day.year, self.day.month)[1])

    @property
    def day_ends(self) -> datetime:
        """Return when the next day begins."""
        return _midnight(self.day + timedelta(days=1))

    @property
    def month_ends(self) -> datetime:
        """Return when the next month begins."""
        return _midnight(self.last + timedelta(days=1))

    def days_in_use(self) -> list[date]:
        """Return the days of this month in which other processes may be by their clocks, in order."""
        days = {(self.now.astimezone(UTC) + apart).date() for apart in (-_NEAR, timedelta(0), _NEAR)}
        return sorted(day for day in days if day.month == self.day.month)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
