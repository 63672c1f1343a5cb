"""What calls to models have cost."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, or_, select
from starlette.requests import Request
from starlette_admin import BooleanField, DateField, DateTimeField, EnumField, IntegerField, StringField
from starlette_admin.i18n import lazy_gettext as _

from vitte.admin.views.people import person_matches
from vitte.admin.views.person_field import OwnedView, PersonField
from vitte.db.models import CallState, UsageCall, UsageDay, User
from vitte.usage.costs import MICRO


@dataclass
class DollarsField(IntegerField):
    """Micro-dollars, shown as US dollars; filters ask for micro-dollars."""

    async def serialize_value(self, request: Request, value: Any) -> Any:  # noqa: ARG002 - called like this
        """Return dollars with all their digits."""
        return f"{Decimal(value) / MICRO:.6f}"


class UsageCallsView(OwnedView):
    """The list of calls."""

    key = "usage-call"
    menu_label = _("Calls to models")
    display_name = _("Call")
    icon = "fa-solid fa-receipt"
    fields = (
        IntegerField("id", label="ID"),
        PersonField("user_id", label=_("Person")),
        StringField("kind", label=_("Purpose")),
        StringField("model", label=_("Model")),
        EnumField(
            "state",
            label=_("State"),
            choices=[
                (CallState.RESERVED, _("going on")),
                (CallState.SETTLED, _("settled")),
                (CallState.EXPIRED, _("expired")),
            ],
        ),
        StringField("outcome", label=_("Outcome")),
        IntegerField("prompt_tokens", label=_("Tokens of the question")),
        IntegerField("completion_tokens", label=_("Tokens of the answer")),
        DollarsField("cost", label=_("Cost, US dollars")),
        DateTimeField("created_at", label=_("Begun")),
        DateTimeField("settled_at", label=_("Finished"), exclude_from_list=True),
        DateTimeField("expires_at", label=_("Expires"), exclude_from_list=True),
        IntegerField("reserved_tokens", label=_("Reserved tokens"), exclude_from_list=True),
        DollarsField("reserved_cost", label=_("Reserved, US dollars"), exclude_from_list=True),
        BooleanField("is_estimated", label=_("Estimated"), exclude_from_list=True),
        IntegerField("dialog_id", label=_("Dialog"), exclude_from_list=True),
    )
    sortable_fields = (
        "id",
        "kind",
        "model",
        "state",
        "prompt_tokens",
        "completion_tokens",
        "cost",
        "created_at",
    )

    def get_search_query(self, request: Request, term: str) -> ColumnElement[bool]:  # noqa: ARG002 - starlette-admin asks like this
        """Search by the person, and by the model."""
        return or_(
            UsageCall.user_id.in_(select(User.id).where(person_matches(term))),
            UsageCall.model.icontains(term, autoescape=True),
        )


class UsageDaysView(OwnedView):
    """The list of people's days. A day has no page of its own: all there is to it is in the list."""

    key = "usage-day"
    menu_label = _("Usage by day")
    display_name = _("Day")
    icon = "fa-solid fa-calendar-day"
    fields = (
        DateField("day", label=_("Day (UTC)")),
        PersonField("user_id", label=_("Person")),
        IntegerField("messages", label=_("Messages")),
        IntegerField("tokens", label=_("Tokens")),
        DollarsField("cost", label=_("Cost, US dollars")),
        IntegerField("reserved_tokens", label=_("Reserved tokens")),
        DollarsField("reserved_cost", label=_("Reserved, US dollars")),
    )
    sortable_fields = ("day", "messages", "tokens", "cost")
    fields_default_sort = (("day", True),)

    def can_view_detail(self, request: Request) -> bool:  # noqa: ARG002 - starlette-admin asks like this
        """Never."""
        return False

    def get_search_query(self, request: Request, term: str) -> ColumnElement[bool]:  # noqa: ARG002 - starlette-admin asks like this
        """Search by the person."""
        return UsageDay.user_id.in_(select(User.id).where(person_matches(term)))
