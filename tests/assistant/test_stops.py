"""Stopping answers, as processes do it among themselves."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from dishka import AsyncContainer
from sqlalchemy import select

from tests.patience import PATIENCE
from tests.replies import SomeReply
from vitte.assistant.places import Place
from vitte.assistant.running import AnswerStoppedError, RunningAnswers
from vitte.assistant.schemas import Asked, Question
from vitte.assistant.service import AssistantService
from vitte.assistant.stops import StopService
from vitte.assistant.turns import TurnStore
from vitte.core.nursery import Nursery
from vitte.core.settings import Settings
from vitte.db.models import Message
from vitte.db.transaction import Transaction
from vitte.main.container import make_container
from vitte.sandbox.llm import Script
from vitte.users.schemas import Person, TelegramProfile
from vitte.users.service import UserService


class Chat(SomeReply):
    """A chat that tells when the first words are there."""

    def __init__(self) -> None:
        super().__init__()
        self.has_words = asyncio.Event()

    def draft(self, text: str) -> None:
        super().draft(text)
        self.has_words.set()


@pytest.fixture
async def other(settings: Settings, model: Script) -> AsyncIterator[AsyncContainer]:
    """Another process, which hears nothing of PostgreSQL."""
    container = make_container(settings, process="bot")
    yield container
    await container.close()


@pytest.fixture
async def person(container: AsyncContainer) -> Person:
    async with container() as request:
        users = await request.get(UserService)
        return await users.meet(TelegramProfile(telegram_id=1001, first_name="A"))


async def ask(container: AsyncContainer, person: Person, number: int, chat: Chat) -> None:
    async with container() as request:
        assistant = await request.get(AssistantService)
        await assistant.answer(person, Question(text=f"question {number}", telegram_message_id=number), chat)


async def test_a_process_that_heard_nothing_for_a_while_finds_the_stop_when_it_listens_again(
    model: Script, container: AsyncContainer, other: AsyncContainer, person: Person
) -> None:
    model.between_tokens = 0.01
    model.answer = "word " * 5000
    chat, nursery = Chat(), Nursery()
    answering = nursery.start(ask(container, person, 1, chat), name="answer")
    await chat.has_words.wait()
    elsewhere, here = await other.get(StopService), await container.get(StopService)
    assert await elsewhere.stop(person.id, 1)
    assert not answering.done()
    async with asyncio.timeout(PATIENCE):
        await here.catch_up()
        await answering
    ((text, cut_by),) = chat.sent
    assert text.startswith("word")
    assert isinstance(cut_by, AnswerStoppedError)


async def test_an_answer_that_was_stopped_does_not_begin_anew_in_the_next_process(
    model: Script, container: AsyncContainer, other: AsyncContainer, person: Person, transaction: Transaction
) -> None:
    stops = await other.get(StopService)
    assert await stops.stop(person.id, 1)
    chat = Chat()
    with pytest.raises(AnswerStoppedError):
        await ask(container, person, 1, chat)
    assert (model.requests, chat.sent) == ([], [])
    async with transaction:
        assert (await transaction.session.scalars(select(Message.text))).all() == ["question 1"]


async def test_a_stop_handled_again_hits_no_later_answer_and_undoes_no_later_stop(
    model: Script, container: AsyncContainer, other: AsyncContainer, person: Person
) -> None:
    stops = await other.get(StopService)
    await stops.stop(person.id, 2)
    await stops.stop(person.id, 1)
    with pytest.raises(AnswerStoppedError):
        await ask(container, person, 2, Chat())
    chat = Chat()
    await ask(container, person, 3, chat)
    assert chat.sent == [("You said: question 3", None)]


async def test_a_command_that_was_written_while_the_last_answer_was_growing_finds_nothing_to_stop(
    model: Script, container: AsyncContainer, person: Person
) -> None:
    await ask(container, person, 1, Chat())
    stops = await container.get(StopService)
    assert not await stops.stop(person.id, 2, asked_by=999)
    assert not await stops.stop(person.id, 1, asked_by=1001)
    assert await stops.stop(person.id, 2, asked_by=1001)


async def test_stopping_an_answer_leaves_time_outs_and_the_end_of_its_task_what_they_are() -> None:
    answers, nursery = RunningAnswers(), Nursery()
    begun = asyncio.Event()

    async def time_out() -> None:
        with answers.begin(1, 1) as running:
            async with running.until_stopped():
                raise TimeoutError("its own")

    async def go_on() -> None:
        with answers.begin(1, 2) as running:
            async with running.until_stopped():
                begun.set()
                await asyncio.Event().wait()

    with pytest.raises(TimeoutError, match="its own"):
        await time_out()
    task = nursery.start(go_on(), name="go_on")
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    begun.clear()
    task = nursery.start(go_on(), name="go_on")
    await begun.wait()
    answers.stop(1, 2)
    answers.stop(1, 2)
    with pytest.raises(AnswerStoppedError):
        await task
    assert answers.user_ids == set()


async def test_a_stop_in_a_group_stops_nothing_in_private_and_hides_no_stop_there(
    container: AsyncContainer, person: Person
) -> None:
    stops, turns = await container.get(StopService), await container.get(TurnStore)

    async def is_stopped(number: int, place: Place | None = None) -> bool:
        question = Question(text="?", telegram_message_id=number)
        return (await turns.begin(Asked(user_id=person.id, question=question, place=place))).is_stopped

    # A supergroup counts its messages by itself.
    await stops.stop(person.id, 5000, place=Place(-100))
    assert not await is_stopped(5000)
    await stops.stop(person.id, 7)
    assert await is_stopped(7)
    assert await is_stopped(7, Place(person.telegram_id, topic_id=5))
    assert not await is_stopped(7, Place(-100))
