"""What each plan includes: the owner decides, and it holds from the next call on."""

from collections.abc import Sequence
from typing import Any

from starlette_admin import IntegerField
from starlette_admin.i18n import lazy_gettext as _

from vitte.admin.views.base import EditableView
from vitte.admin.views.inputs import DecimalInput, LineInput, NumberInput
from vitte.db.models import PlanLimits

_NO_LIMIT = _("Empty: no limit.")


class PlansView(EditableView):
    """The list of plans."""

    key = "plan"
    model = PlanLimits
    menu_label = _("Plans")
    display_name = _("Plan")
    icon = "fa-solid fa-scale-balanced"
    fields: Sequence[Any] = (
        IntegerField("id", label="ID", exclude_from_create=True, exclude_from_edit=True),
        LineInput(
            "key",
            label=_("Key"),
            required=True,
            maxlength=32,
            pattern=r"[a-z0-9][a-z0-9_-]*",
            refusal=_("Small Latin letters, digits, - and _."),
            help_text=_("By which subscriptions name the plan; it never changes."),
            exclude_from_edit=True,
        ),
        LineInput("name_en", label=_("Name in English"), required=True, maxlength=64),
        LineInput("name_ru", label=_("Name in Russian"), required=True, maxlength=64),
        NumberInput(
            "messages_per_day", label=_("Messages a day"), help_text=_NO_LIMIT, min=0, max=1_000_000_000
        ),
        NumberInput(
            "tokens_per_month",
            label=_("Tokens a month"),
            help_text=_NO_LIMIT,
            min=0,
            max=1_000_000_000_000_000,
        ),
        DecimalInput("cost_per_day", label=_("US dollars a day"), help_text=_NO_LIMIT, min=0, max=10_000_000),
        NumberInput("position", label=_("Place in lists"), required=True, min=0, max=1000, default=0),
    )
    fields_default_sort = (("position", False),)
