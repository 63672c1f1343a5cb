"""What the owner types into forms: taken as it was meant, or refused with the reason."""

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette_admin import DecimalField, IntegerField, StringField
from starlette_admin.i18n import gettext

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass
class NumberInput(IntegerField):
    """A whole number from `min` to `max`. Empty is none, and what is no number is an error.

    starlette-admin's own takes what it cannot read for empty: a limit with a slip of the pen in it would be
    none.
    """

    async def parse_form_data(self, request: Request, form_data: FormData) -> Any:  # noqa: ARG002 - called like this
        """Return the number; what is no number as it came."""
        raw = _typed(form_data, self.id)
        # isdecimal knows the digits of all scripts, and so does int.
        return int(raw) if raw.removeprefix("-").isdecimal() and len(raw) < 20 else raw or None

    async def validate(self, request: Request, value: Any, form_values: dict[str, Any]) -> None:
        """Raise ValueError for what is no number in between."""
        if value is not None:
            _check_range(value if isinstance(value, int) else None, self.min, self.max)
        await super().validate(request, value, form_values)


@dataclass
class DecimalInput(DecimalField):
    """An amount from `min` to `max` with up to `places` digits after the point, or comma. Empty is none."""

    places: int = 4

    async def parse_form_data(self, request: Request, form_data: FormData) -> Any:  # noqa: ARG002 - called like this
        """Return the amount; what is none as it came."""
        raw = _typed(form_data, self.id)
        try:
            amount = Decimal(raw.replace(",", ".", 1))
        except InvalidOperation:
            return raw or None
        return amount if amount.is_finite() and len(raw) < 40 else raw

    async def validate(self, request: Request, value: Any, form_values: dict[str, Any]) -> None:
        """Raise ValueError for what is no amount in between, or finer than is kept."""
        if value is not None:
            _check_range(value if isinstance(value, Decimal) else None, self.min, self.max)
            if value != round(value, self.places):
                raise ValueError(
                    gettext("No more than %(places)s digits after the point.") % {"places": self.places}
                )
        await super().validate(request, value, form_values)


@dataclass
class LineInput(StringField):
    """A line of text, without the spaces around it. `pattern` is what all of it has to match."""

    pattern: str = ""
    refusal: Any = None
    """What is said of text that does not match."""

    async def parse_form_data(self, request: Request, form_data: FormData) -> Any:  # noqa: ARG002 - called like this
        """Return the text."""
        return _typed(form_data, self.id)

    async def validate(self, request: Request, value: Any, form_values: dict[str, Any]) -> None:
        """Raise ValueError for text that is too long, no single line, or does not match."""
        await super().validate(request, value, form_values)
        if self.maxlength is not None and len(value) > self.maxlength:
            raise ValueError(gettext("No more than %(count)s characters.") % {"count": self.maxlength})
        if _CONTROL.search(value):
            raise ValueError(gettext("One line of text."))
        if self.pattern and not re.fullmatch(self.pattern, value):
            raise ValueError(str(self.refusal))


def _typed(form_data: FormData, name: str) -> str:
    raw = form_data.get(name)
    return raw.strip() if isinstance(raw, str) else ""


def _check_range(value: int | Decimal | None, least: int | None, most: int | None) -> None:
    if value is None or (least is not None and value < least) or (most is not None and value > most):
        raise ValueError(gettext("A number from %(least)s to %(most)s.") % {"least": least, "most": most})
