"""The first page: how things stand."""

from collections.abc import Awaitable, Callable
from datetime import datetime

from sqlalchemy import Select, func, select, text
from starlette.requests import Request
from starlette_admin import CustomView
from starlette_admin.i18n import get_tzinfo, gettext
from starlette_admin.i18n import lazy_gettext as _
from starlette_admin.widgets import Breakpoints, GridWidget, StatWidget

from vitte.core.clock import Clock
from vitte.db.models import InboxUpdate, Message, MessageRole, User


class HomeView(CustomView):
    """A few numbers, counted when the page is opened. A day begins at midnight where the browser is."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(
            menu_label=_("Overview"),
            icon="fa-solid fa-gauge",
            path="/",
            route_name="index",
            widget=self._numbers,
        )
        self._clock = clock

    async def _numbers(self, request: Request) -> GridWidget:  # noqa: ARG002 - starlette-admin calls it like this
        today = self._clock.now().astimezone(get_tzinfo()).replace(hour=0, minute=0, second=0, microsecond=0)
        return GridWidget(
            children=[
                StatWidget(title=gettext("People"), value_callback=_count(select(func.count(User.id)))),
                StatWidget(title=gettext("New today"), value_callback=_count(_new_people(today))),
                StatWidget(title=gettext("Questions today"), value_callback=_count(_questions(today))),
                StatWidget(title=gettext("Updates waiting"), value_callback=_count(_open_updates())),
            ],
            breakpoints=Breakpoints(default=1, sm=2, lg=4),
        )


def _count(query: Select[int]) -> Callable[[Request], Awaitable[str]]:
    async def count(request: Request) -> str:
        return str(await request.state.session.scalar(query))

    return count


def _new_people(since: datetime) -> Select[int]:
    return select(func.count(User.id)).where(User.created_at >= since)


def _questions(since: datetime) -> Select[int]:
    return select(func.count(Message.id)).where(Message.created_at >= since, Message.role == MessageRole.USER)


def _open_updates() -> Select[int]:
    # Written out, or PostgreSQL would not use the index of open updates.
    return select(func.count(InboxUpdate.id)).where(InboxUpdate.state == text("'open'"))
