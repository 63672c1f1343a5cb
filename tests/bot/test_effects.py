"""What an update leaves to the statement that marks it as done."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial

import pytest
from dishka import AsyncContainer
from sqlalchemy import select

from tests.bot.test_consumer import consuming
from tests.patience import PATIENCE
from vitte.assistant.schemas import Answer, Asked, Question
from vitte.assistant.turns import TurnStore
from vitte.bot.consumer import Consumer
from vitte.core.nursery import Nursery
from vitte.core.settings import Settings
from vitte.db.models import InboxUpdate, Message
from vitte.db.transaction import Transaction
from vitte.inbox.schemas import ClaimedUpdate
from vitte.inbox.service import InboxService
from vitte.users.schemas import TelegramProfile
from vitte.users.service import UserService

SentAs = Callable[[], Awaitable[int | None]]
Handle = Callable[[ClaimedUpdate], Awaitable[None]]


@pytest.fixture
async def inbox(container: AsyncContainer) -> InboxService:
    return await container.get(InboxService)


@pytest.fixture
async def turns(container: AsyncContainer) -> TurnStore:
    return await container.get(TurnStore)


@pytest.fixture
async def answer_id(container: AsyncContainer, turns: TurnStore) -> int:
    """An answer that is stored, and to be sent."""
    async with container() as request:
        users = await request.get(UserService)
        person = await users.meet(TelegramProfile(telegram_id=1000, first_name="A"))
    turn = await turns.begin(Asked(user_id=person.id, question=Question(text="?", telegram_message_id=1)))
    return await turns.save_answer(Answer(turn=turn, text="answer", model="scripted"))


@pytest.fixture
async def sent_as(transaction: Transaction, answer_id: int) -> SentAs:
    async def read() -> int | None:
        async with transaction:
            return await transaction.session.scalar(
                select(Message.telegram_message_id).where(Message.id == answer_id)
            )

    return read


async def state(transaction: Transaction) -> str | None:
    async with transaction:
        return await transaction.session.scalar(select(InboxUpdate.state))


@asynccontextmanager
async def handling(inbox: InboxService, settings: Settings, handle: Handle) -> AsyncIterator[Consumer]:
    """A consumer that has an update to handle."""
    async with consuming(inbox, settings, handle) as consumer:
        await consumer.take_in([{"update_id": 1, "message": {"chat": {"id": 5}}}])
        yield consumer


async def is_done(transaction: Transaction) -> bool:
    return await state(transaction) == "done"


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE):
        # Other connections write it.
        while not await holds():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_that_an_answer_was_sent_is_kept_by_the_statement_that_ends_its_update(
    inbox: InboxService,
    settings: Settings,
    turns: TurnStore,
    answer_id: int,
    sent_as: SentAs,
    transaction: Transaction,
    statements: list[str],
) -> None:

    async def handle(_update: ClaimedUpdate) -> None:
        statements.clear()
        await turns.mark_sent(answer_id, 77)
        assert statements == []

    async with handling(inbox, settings, handle):
        await until(partial(is_done, transaction))
    assert await sent_as() == 77
    (ending,) = [one for one in statements if "UPDATE messages" in one]
    assert "UPDATE inbox_updates" in ending


async def test_an_answer_that_was_sent_before_its_update_failed_is_not_sent_again(
    inbox: InboxService,
    settings: Settings,
    turns: TurnStore,
    answer_id: int,
    sent_as: SentAs,
) -> None:
    seen = []

    async def handle(_update: ClaimedUpdate) -> None:
        seen.append(await sent_as())
        if len(seen) == 1:
            await turns.mark_sent(answer_id, 77)
            raise RuntimeError("too late")

    async def was_tried_again() -> bool:
        return len(seen) == 2

    async with handling(inbox, settings, handle):
        await until(was_tried_again)
    assert seen == [None, 77]


async def test_an_answer_that_was_sent_before_the_bot_stopped_is_not_sent_again(
    inbox: InboxService,
    settings: Settings,
    turns: TurnStore,
    answer_id: int,
    sent_as: SentAs,
    transaction: Transaction,
) -> None:
    is_sent = asyncio.Event()

    async def handle(_update: ClaimedUpdate) -> None:
        await turns.mark_sent(answer_id, 77)
        is_sent.set()
        await asyncio.Event().wait()

    async with handling(inbox, settings, handle) as consumer:
        await is_sent.wait()
        assert await sent_as() is None
        await consumer.drain(timeout=0)
        assert await sent_as() == 77
    assert await state(transaction) == "open"


async def test_what_takes_its_time_after_an_answer_puts_its_mark_at_no_risk(
    inbox: InboxService,
    settings: Settings,
    turns: TurnStore,
    answer_id: int,
    sent_as: SentAs,
) -> None:
    seen = []

    async def handle(_update: ClaimedUpdate) -> None:
        await turns.mark_sent(answer_id, 77, at_once=True)
        seen.append(await sent_as())

    async def was_seen() -> bool:
        return bool(seen)

    async with handling(inbox, settings, handle):
        await until(was_seen)
    assert seen == [77]


async def test_what_goes_on_after_its_update_was_done_is_kept_too(
    inbox: InboxService,
    settings: Settings,
    turns: TurnStore,
    answer_id: int,
    sent_as: SentAs,
    transaction: Transaction,
) -> None:
    later, may_go_on, gone_on = Nursery(), asyncio.Event(), asyncio.Event()

    async def go_on() -> None:
        await may_go_on.wait()
        await turns.mark_sent(answer_id, 77)
        gone_on.set()

    async def handle(_update: ClaimedUpdate) -> None:
        later.start(go_on(), name="later")

    async with handling(inbox, settings, handle):
        await until(partial(is_done, transaction))
        may_go_on.set()
        async with asyncio.timeout(PATIENCE):
            await gone_on.wait()
    assert await sent_as() == 77
