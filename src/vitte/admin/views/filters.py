"""Filters by time."""

from datetime import UTC, datetime
from typing import Any

from starlette_admin import DateTimeField
from starlette_admin.contrib.sqla.filters import IsNotNullFilter, IsNullFilter, SqlaFilterRegistry
from starlette_admin.fields import BaseField
from starlette_admin.filters.base import BaseFilter, FilterApplyContext
from starlette_admin.filters.date import DateTimeBetweenFilter, DateTimeEqualFilter
from starlette_admin.filters.registry import filters
from starlette_admin.i18n import lazy_gettext as _


class Filters(SqlaFilterRegistry):
    """starlette-admin's filters, with others for times.

    Its own compare with times without a zone, which asyncpg takes for the machine's local ones; and no
    list of records is looked through for a moment down to the microsecond.
    """

    @filters(DateTimeField)
    def datetime_filters(self, field: BaseField) -> list[type[BaseFilter]]:  # noqa: ARG002 - asked like this
        """Return what can be asked about a time."""
        return [AfterFilter, BeforeFilter, BetweenFilter, IsNullFilter, IsNotNullFilter]


class AfterFilter(DateTimeEqualFilter):
    """Later than a time."""

    name = "after"
    label = _("After")

    def parse_value(self, raw: Any) -> datetime:
        """Return the time, in UTC."""
        return _aware(super().parse_value(raw))

    def apply(self, ctx: FilterApplyContext) -> Any:
        """Return the condition."""
        return _column(ctx) > ctx.value


class BeforeFilter(AfterFilter):
    """Earlier than a time."""

    name = "before"
    label = _("Before")

    def apply(self, ctx: FilterApplyContext) -> Any:
        """Return the condition."""
        return _column(ctx) < ctx.value


class BetweenFilter(DateTimeBetweenFilter):
    """Between two times."""

    def parse_value(self, raw: Any) -> datetime:
        """Return the time, in UTC."""
        return _aware(super().parse_value(raw))

    def apply(self, ctx: FilterApplyContext) -> Any:
        """Return the condition."""
        return _column(ctx).between(ctx.value, ctx.value2)


def _column(ctx: FilterApplyContext) -> Any:
    return getattr(ctx.view.model, ctx.field_name)  # type: ignore[union-attr]


def _aware(value: Any) -> datetime:
    # It has been taken from the browser's zone to that of the database, which the panel leaves at UTC.
    assert isinstance(value, datetime)  # noqa: S101 - the filter's kind of value says so
    return value.replace(tzinfo=UTC)
