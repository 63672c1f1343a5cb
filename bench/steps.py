"""The way of an update through the database, and what goes on beside it: by the product's own code."""

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from dishka import AsyncContainer, Provider, Scope, provide

from bench.filling import FIRST_CHAT
from vitte.assistant.schemas import ImageRef, Question
from vitte.assistant.service import AssistantService
from vitte.assistant.tools.schemas import ToolNote
from vitte.clients.llm.chain import Providers
from vitte.clients.llm.protocol import ChatMessage, ChatModel, Chunk, Image, Tool
from vitte.clients.llm.specs import ModelSpec
from vitte.core.clock import utc_now
from vitte.core.errors import VitteError
from vitte.core.settings import Settings
from vitte.dialogs.service import DialogService
from vitte.inbox.schemas import ClaimedUpdate
from vitte.inbox.service import InboxService
from vitte.jobs.sweeper import JobSweeper
from vitte.users.service import UserService

OLD = 1000
"""Rows of each table that are past their time, for the two steps that delete such."""
_AGE = (
    (
        "UPDATE messages SET created_at = created_at - interval '1 year'"
        " WHERE id IN (SELECT id FROM messages ORDER BY id LIMIT $1)"
    ),
    (
        "UPDATE inbox_updates SET finished_at = finished_at - interval '10 days'"
        " WHERE id IN (SELECT id FROM inbox_updates WHERE state = 'done' ORDER BY id LIMIT $1)"
    ),
    (
        "UPDATE jobs SET finished_at = finished_at - interval '10 days'"
        " WHERE id IN (SELECT id FROM jobs WHERE state = 'done' ORDER BY id LIMIT $1)"
    ),
)
_LEASE = 600.0
# Far from those that the tables are filled with.
_numbers = itertools.count(10**9)


class _Model:
    name = "scripted"

    async def stream(
        self,
        messages: Sequence[ChatMessage],  # noqa: ARG002 - the protocol's
        *,
        max_tokens: int | None = None,  # noqa: ARG002 - the protocol's
        tools: Sequence[Tool] = (),  # noqa: ARG002 - the protocol's
    ) -> AsyncIterator[Chunk]:
        yield Chunk(text="An answer of some length, as they are. " * 10)


class _Providers(Providers):
    def chain(self, specs: Sequence[ModelSpec], *, is_owner: bool = False) -> ChatModel:  # type: ignore[override]  # noqa: ARG002 - the product's
        return _Model()


class ScriptedModel(Provider):
    """A model inside the process: nothing but the database is measured."""

    @provide(scope=Scope.APP)
    def providers(self, settings: Settings) -> Providers:
        """Return those that have it."""
        return _Providers(settings.llm)


class _Reply:
    def draft(self, text: str) -> None:
        pass

    def status(self, note: ToolNote) -> None:
        """Show nothing."""

    async def load_images(self, images: Sequence[ImageRef]) -> Mapping[str, Image]:  # noqa: ARG002 - the protocol's
        """Return none."""
        return {}

    async def send(self, text: str, *, cut_by: VitteError | None) -> int:  # noqa: ARG002 - the protocol's
        return next(_numbers)


@dataclass(frozen=True, slots=True)
class Step:
    """Something that the product does, and how often it is done for a measurement."""

    name: str
    run: Callable[[], Awaitable[object]]
    times: int


class Path:
    """All steps, on a database that holds so many people. Used once: each step leaves work for the next."""

    def __init__(
        self, container: AsyncContainer, connection: Any, *, bot_id: int, people: int, times: int
    ) -> None:
        self._container = container
        self._connection = connection
        self._bot_id = bot_id
        self._times = times
        # In leaps, so that nobody's rows lie beside those of who came before.
        self._people = itertools.cycle([1 + number * 7919 % people for number in range(people)])
        self._claimed: list[ClaimedUpdate] = []

    def steps(self) -> list[Step]:
        """Return them in the order in which they are to be run."""
        return [
            Step("store", self._store, self._times),
            Step("claim", self._claim, self._times),
            Step("finish", self._finish, self._times),
            Step("profile", self._profile, self._times),
            Step("chat turn", self._turn, self._times),
            Step("sweep", self._sweep, self._times),
            Step("measure", self._measure, self._times),
            Step(f"delete {OLD} messages", self._clean_up, 1),
            Step(f"forget {OLD} updates, jobs", self._purge, 1),
        ]

    async def age(self) -> None:
        """Make some rows older than anybody keeps them."""
        for statement in _AGE:
            await self._connection.execute(statement, OLD)

    async def let_wait(self, count: int) -> None:
        """Put so many updates into the inbox, each of a chat of its own."""
        inbox = await self._container.get(InboxService)
        for _ in range(0, count, 1000):
            await inbox.take_in(self._bot_id, [_update(next(_numbers)) for _ in range(min(count, 1000))])

    async def _store(self) -> None:
        inbox = await self._container.get(InboxService)
        await inbox.take_in(self._bot_id, [_update(next(_numbers))])

    async def _claim(self) -> None:
        inbox = await self._container.get(InboxService)
        self._claimed.extend(await inbox.claim(self._bot_id, limit=1, lease=_LEASE))

    async def _finish(self) -> None:
        inbox = await self._container.get(InboxService)
        await inbox.finish(self._claimed.pop())

    async def _profile(self) -> None:
        async with self._container() as request:
            await (await request.get(UserService)).profile(FIRST_CHAT + next(self._people) - 1)

    async def _turn(self) -> None:
        question = Question(text="A question of some length. " * 3, telegram_message_id=next(_numbers))
        async with self._container() as request:
            users = await request.get(UserService)
            person = await users.find(FIRST_CHAT + next(self._people) - 1)
            if person is None:
                raise RuntimeError("the tables hold everybody who is asked for")
            await (await request.get(AssistantService)).answer(person, question, _Reply())

    async def _sweep(self) -> None:
        sweeper = await self._container.get(JobSweeper)
        await sweeper.bury()
        await sweeper.send()

    async def _measure(self) -> None:
        await (await self._container.get(InboxService)).backlog()
        await (await self._container.get(JobSweeper)).backlogs()
        async with self._container() as request:
            await (await request.get(UserService)).count()

    async def _clean_up(self) -> None:
        async with self._container() as request:
            dialogs = await request.get(DialogService)
            await dialogs.delete_messages_older_than(utc_now() - timedelta(days=180), batch=OLD)

    async def _purge(self) -> None:
        for forgetful in (await self._container.get(InboxService), await self._container.get(JobSweeper)):
            await forgetful.purge(done_older_than=timedelta(days=2), dead_older_than=timedelta(days=30))


def _update(chat_id: int) -> dict[str, Any]:
    number = next(_numbers)
    chat = {"id": chat_id, "type": "private", "first_name": "Person"}
    person = {"id": chat_id, "is_bot": False, "first_name": "Person", "language_code": "en"}
    message = {"message_id": number, "date": 1, "chat": chat, "from": person, "text": "How are you?"}
    return {"update_id": number, "message": message}
