"""Telegram's updates on their way: what waits, and what was given up."""

from typing import Any

from sqlalchemy import ColumnElement, Select, String, cast, or_
from sqlalchemy.orm import defer
from starlette.requests import Request
from starlette_admin import DateTimeField, EnumField, IntegerField, TextAreaField
from starlette_admin.i18n import lazy_gettext as _

from vitte.admin.views.base import ReadOnlyView
from vitte.db.models import InboxUpdate, UpdateState


class InboxView(ReadOnlyView):
    """The list of updates. What people wrote stays out of it, and out of this process."""

    key = "inbox-update"
    menu_label = _("Inbox")
    display_name = _("Update")
    icon = "fa-solid fa-inbox"
    fields = (
        IntegerField("id", label="ID"),
        IntegerField("update_id", label="update_id"),
        IntegerField("order_key", label=_("Chat")),
        EnumField(
            "state",
            label=_("State"),
            choices=[
                (UpdateState.OPEN, _("open")),
                (UpdateState.DONE, _("done")),
                (UpdateState.DEAD, _("given up")),
            ],
        ),
        IntegerField("attempts", label=_("Attempts")),
        DateTimeField("received_at", label=_("Received")),
        DateTimeField("finished_at", label=_("Finished")),
        DateTimeField("leased_until", label=_("Taken until"), exclude_from_list=True),
        TextAreaField("error", label=_("Error")),
    )

    def get_list_query(self, request: Request) -> Select[Any]:
        """Return the query without payloads."""
        query: Select[Any] = super().get_list_query(request)
        return query.options(defer(InboxUpdate.payload, raiseload=True))

    def get_search_query(self, request: Request, term: str) -> ColumnElement[bool]:  # noqa: ARG002 - starlette-admin asks like this
        """Search errors, chats and the ids of updates."""
        return or_(
            InboxUpdate.error.icontains(term, autoescape=True),
            cast(InboxUpdate.order_key, String) == term,
            cast(InboxUpdate.update_id, String) == term,
        )
