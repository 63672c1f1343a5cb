"""What people may use, and until when."""

from sqlalchemy import ColumnElement, select
from starlette.requests import Request
from starlette_admin import DateTimeField, EnumField, IntegerField, StringField
from starlette_admin.i18n import lazy_gettext as _

from vitte.admin.views.people import person_matches
from vitte.admin.views.person_field import OwnedView, PersonField
from vitte.db.models import Subscription, SubscriptionStatus, User


class SubscriptionsView(OwnedView):
    """The list of subscriptions."""

    key = "subscription"
    menu_label = _("Subscriptions")
    display_name = _("Subscription")
    icon = "fa-solid fa-star"
    fields = (
        IntegerField("id", label="ID"),
        PersonField("user_id", label=_("Person")),
        # By its key, whatever plans there are.
        StringField("plan", label=_("Plan")),
        EnumField(
            "status",
            label=_("Status"),
            choices=[(SubscriptionStatus.ACTIVE, _("active")), (SubscriptionStatus.ENDED, _("ended"))],
        ),
        DateTimeField("started_at", label=_("Begins")),
        DateTimeField("expires_at", label=_("Ends")),
    )

    sortable_fields = ("id", "plan", "status", "started_at", "expires_at")

    def get_search_query(self, request: Request, term: str) -> ColumnElement[bool]:  # noqa: ARG002 - starlette-admin asks like this
        """Search by the person."""
        return Subscription.user_id.in_(select(User.id).where(person_matches(term)))
