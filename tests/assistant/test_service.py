"""A turn of the conversation."""

import re
from collections.abc import Iterable
from typing import Any

import pytest
from dishka import AsyncContainer
from sqlalchemy import delete, select

from tests.replies import SomeReply
from vitte.assistant.schemas import Question
from vitte.assistant.service import AssistantService
from vitte.assistant.turns import TurnStore
from vitte.clients.llm import LlmError, LlmInterruptedError, LlmMisconfiguredError
from vitte.core.errors import VitteError
from vitte.core.job_names import SUMMARISE_DIALOG
from vitte.core.recently import Recently
from vitte.core.settings.outside import AssistantSettings
from vitte.db.models import Job, Message
from vitte.db.transaction import Transaction
from vitte.dialogs.summaries import SummaryService
from vitte.sandbox.llm import Script
from vitte.users.schemas import Person, TelegramProfile
from vitte.users.service import UserService


@pytest.fixture
async def person(container: AsyncContainer) -> Person:
    async with container() as request:
        users = await request.get(UserService)
        return await users.meet(TelegramProfile(telegram_id=1001, first_name="A"))


async def ask(container: AsyncContainer, person: Person, text: str, number: int, chat: SomeReply) -> None:
    async with container() as request:
        assistant = await request.get(AssistantService)
        await assistant.answer(person, Question(text=text, telegram_message_id=number), chat)


async def summaries(transaction: Transaction) -> list[dict[str, Any]]:
    """Take the summaries that were ordered out of the jobs, and return their arguments."""
    async with transaction:
        taken = delete(Job).where(Job.name == SUMMARISE_DIALOG).returning(Job.args)
        return list(await transaction.session.scalars(taken))


async def summarise(container: AsyncContainer, args: dict[str, Any]) -> None:
    async with container() as request:
        await (await request.get(SummaryService)).summarise(**args)


async def talk(container: AsyncContainer, person: Person, which: Iterable[int]) -> None:
    """Ask one question for each of the numbers."""
    for number in which:
        await ask(container, person, f"number {number}", number, SomeReply())


def numbers(texts: Iterable[str]) -> set[int]:
    """Return the numbers that questions begin with."""
    return {int(found[1]) for text in texts if (found := re.match(r"(\d+):", text))}


async def messages(transaction: Transaction) -> list[Message]:
    async with transaction:
        return list((await transaction.session.scalars(select(Message).order_by(Message.id))).all())


async def test_question_and_answer_are_kept_and_the_answer_grows_in_sight(
    model: Script, container: AsyncContainer, person: Person, transaction: Transaction
) -> None:
    class Reader(SomeReply):
        def draft(self, text: str) -> None:
            super().draft(text)
            # The next word is not said before this one was seen.
            model.hold_after(len(self.drafts) + 1)

    model.holds_after, chat = 1, Reader()
    await ask(container, person, "how are you?", 1, chat)
    # The last word comes with the end, or just before it.
    assert chat.drafts[:4] == ["You", "You said:", "You said: how", "You said: how are"]
    assert chat.sent == [("You said: how are you?", None)]
    question, answer = await messages(transaction)
    assert (question.role, question.text, question.telegram_message_id) == ("user", "how are you?", 1)
    assert (answer.role, answer.text, answer.telegram_message_id) == (
        "assistant",
        "You said: how are you?",
        1001,
    )
    assert (answer.question_id, answer.model) == (question.id, "scripted")
    assert answer.dialog_id == question.dialog_id


async def test_the_model_sees_what_was_said_before_but_no_more_than_allowed(
    model: Script, container: AsyncContainer, person: Person
) -> None:
    settings = await container.get(AssistantSettings)
    settings.context_messages = 3
    for number, text in enumerate(("one", "two", "three"), start=1):
        await ask(container, person, text, number, SomeReply())
    seen = [(message["role"], message["content"]) for message in model.requests[-1]["messages"]]
    assert seen[0][0] == "system"
    assert seen[1:] == [("user", "two"), ("assistant", "You said: two"), ("user", "three")]


async def test_a_long_dialog_orders_one_summary_however_much_is_said_until_that_is_done(
    model: Script, container: AsyncContainer, person: Person, transaction: Transaction
) -> None:
    (await container.get(AssistantSettings)).context_messages = 3
    await talk(container, person, range(1, 7))
    assert len(await summaries(transaction)) == 1


@pytest.mark.parametrize(
    ("shown", "ordered_after"),
    [(1, [1, 2, 3]), (3, [2, 3, 4]), (6, [3, 5, 7]), (7, [4, 6, 8]), (20, [10, 15, 20])],
)
async def test_each_message_is_shown_or_summarised_and_that_is_done_no_sooner_than_it_has_to_be(
    model: Script,
    container: AsyncContainer,
    person: Person,
    transaction: Transaction,
    monkeypatch: pytest.MonkeyPatch,
    shown: int,
    ordered_after: list[int],
) -> None:
    (await container.get(AssistantSettings)).context_messages = shown
    # As for somebody who writes now and then.
    monkeypatch.setattr(await container.get(TurnStore), "_summaries", Recently(0))
    model.answer = "So be it."
    known: set[int] = set()
    orders = []
    for number in range(1, ordered_after[-1] + 1):
        await ask(container, person, f"{number}: and then?", number, SomeReply())
        told, *context = (message["content"] for message in model.requests[-1]["messages"])
        assert known | numbers(context) == set(range(1, number + 1))
        assert len(context) <= shown
        assert "not shown to you" not in told
        for args in await summaries(transaction):
            model.requests.clear()
            await summarise(container, args)
            given = model.requests[-1]["messages"][-1]["content"]
            known |= numbers(re.findall(r"^user: (.*)", given, re.MULTILINE))
            orders.append(number)
    assert orders == ordered_after


async def test_a_question_that_was_never_answered_does_not_confuse_the_next(
    model: Script, container: AsyncContainer, person: Person
) -> None:
    model.fault = "refused"
    with pytest.raises(LlmMisconfiguredError):
        await ask(container, person, "one", 1, SomeReply())
    model.fault = None
    await ask(container, person, "two", 2, SomeReply())
    assert [message["content"] for message in model.requests[-1]["messages"][1:]] == ["two"]


async def test_a_question_handled_again_is_neither_asked_nor_sent_again(
    model: Script, container: AsyncContainer, person: Person, transaction: Transaction
) -> None:
    first, second = SomeReply(), SomeReply()
    await ask(container, person, "one", 1, first)
    calls = len(model.requests)
    await ask(container, person, "one", 1, second)
    assert second.sent == []
    assert len(model.requests) == calls
    assert len(await messages(transaction)) == 2


async def test_an_answer_that_was_made_but_not_sent_is_sent_without_asking_again(
    model: Script, container: AsyncContainer, person: Person, transaction: Transaction
) -> None:
    class Unreachable(SomeReply):
        async def send(self, text: str, *, cut_by: VitteError | None) -> int:
            raise ConnectionError

    with pytest.raises(ConnectionError):
        await ask(container, person, "one", 1, Unreachable())
    calls = len(model.requests)
    chat = SomeReply()
    await ask(container, person, "one", 1, chat)
    assert chat.sent == [("You said: one", None)]
    assert len(model.requests) == calls
    assert (await messages(transaction))[1].telegram_message_id == 1001


async def test_an_answer_cut_in_the_middle_is_sent_as_far_as_it_came_and_says_so(
    model: Script, container: AsyncContainer, person: Person, transaction: Transaction
) -> None:
    model.fault = "cut"
    chat = SomeReply()
    await ask(container, person, "tell me a long story please", 1, chat)
    ((text, cut_by),) = chat.sent
    assert "You said: tell me a long story please".startswith(text)
    assert isinstance(cut_by, LlmInterruptedError)
    assert (await messages(transaction))[1].text == text


@pytest.mark.parametrize("fault", ["refused", "overloaded", "broken", "empty"])
async def test_a_model_that_says_nothing_is_an_error_for_the_person_and_the_question_is_kept(
    model: Script, container: AsyncContainer, person: Person, transaction: Transaction, fault: str
) -> None:
    model.fault = fault  # type: ignore[assignment]
    chat = SomeReply()
    with pytest.raises(LlmError):
        await ask(container, person, "one", 1, chat)
    assert chat.sent == []
    assert [message.text for message in await messages(transaction)] == ["one"]


async def test_a_summary_that_is_due_once_more_is_ordered_as_soon_as_the_one_before_is_there(
    model: Script, container: AsyncContainer, person: Person, transaction: Transaction
) -> None:
    (await container.get(AssistantSettings)).context_messages = 4
    await talk(container, person, range(1, 5))
    (args,) = await summaries(transaction)
    await summarise(container, args)
    await talk(container, person, range(5, 9))
    assert len(await summaries(transaction)) == 1
