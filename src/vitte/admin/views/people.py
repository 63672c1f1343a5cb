"""People who have written to the bot."""

from typing import Any, ClassVar

from sqlalchemy import ColumnElement, String, cast, func, literal_column, or_, select
from starlette.requests import Request
from starlette_admin import ComputedField, DateTimeField, IntegerField, StringField
from starlette_admin.i18n import lazy_gettext as _

from vitte.admin.views.base import ReadOnlyView
from vitte.db.models import Memory, User


async def _count_facts(request: Request, person: User) -> str:
    """Return how many facts are kept of a person: what they say is nobody's business."""
    query = select(func.count(Memory.id)).where(Memory.user_id == person.id)
    return str(await request.state.session.scalar(query))


class PeopleView(ReadOnlyView):
    """The list of people."""

    key = "user"
    menu_label = _("People")
    display_name = _("Person")
    icon = "fa-solid fa-users"
    fields = (
        IntegerField("id", label="ID"),
        IntegerField("telegram_id", label="Telegram ID"),
        StringField("first_name", label=_("First name")),
        StringField("last_name", label=_("Last name")),
        StringField("username", label=_("Username")),
        StringField("language_code", label=_("Language")),
        DateTimeField("created_at", label=_("Since")),
        DateTimeField("last_seen_at", label=_("Last seen")),
        DateTimeField("blocked_bot_at", label=_("Has blocked the bot")),
        ComputedField(
            "facts",
            label=_("Facts remembered"),
            getter=_count_facts,
            exclude_from_list=True,
            exclude_from_export=True,
        ),
    )
    # PostgreSQL would put those who were never seen before those who are here now.
    sortable_field_mapping: ClassVar[dict[str, Any]] = {
        "last_seen_at": func.coalesce(User.last_seen_at, literal_column("'-infinity'::timestamptz"))
    }

    def get_search_query(self, request: Request, term: str) -> ColumnElement[bool]:  # noqa: ARG002 - starlette-admin asks like this
        """Search names, user names and Telegram ids."""
        return person_matches(term)


def person_matches(term: str) -> ColumnElement[bool]:
    """Return the condition for people that a search term means."""
    term = term.strip().removeprefix("@")
    texts = (User.first_name, User.last_name, User.username)
    return or_(
        *(text.icontains(term, autoescape=True) for text in texts),
        cast(User.telegram_id, String) == term,
    )
