"""Conversations, without what was said in them."""

from sqlalchemy import ColumnElement, or_, select
from starlette.requests import Request
from starlette_admin import BooleanField, DateTimeField, IntegerField, StringField
from starlette_admin.i18n import lazy_gettext as _

from vitte.admin.views.people import person_matches
from vitte.admin.views.person_field import OwnedView, PersonField
from vitte.db.models import Dialog, User


class DialogsView(OwnedView):
    """The list of dialogs."""

    key = "dialog"
    menu_label = _("Dialogs")
    display_name = _("Dialog")
    icon = "fa-solid fa-comments"
    fields = (
        IntegerField("id", label="ID"),
        StringField("title", label=_("Title")),
        PersonField("user_id", label=_("Person")),
        BooleanField("is_current", label=_("Current")),
        DateTimeField("created_at", label=_("Since")),
    )

    sortable_fields = ("id", "title", "created_at")

    def get_search_query(self, request: Request, term: str) -> ColumnElement[bool]:  # noqa: ARG002 - starlette-admin asks like this
        """Search titles and people."""
        return or_(
            Dialog.title.icontains(term, autoescape=True),
            Dialog.user_id.in_(select(User.id).where(person_matches(term))),
        )
