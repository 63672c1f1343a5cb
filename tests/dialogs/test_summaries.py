"""Long dialogs in short."""

import asyncio
import re

import pytest
from dishka import AsyncContainer

from tests.sandbox.waiting import until
from vitte.assistant.schemas import Answer, Asked, Question, Turn
from vitte.assistant.turns import TurnStore
from vitte.clients.llm.protocol import LlmError
from vitte.db.models import Message
from vitte.db.transaction import Transaction
from vitte.dialogs.summaries import SummaryService
from vitte.sandbox.llm import Script
from vitte.users.schemas import TelegramProfile
from vitte.users.service import UserService

# A question or answer of a hundred tokens.
_HUNDRED = "word " * 67
_BUDGET = 1000


@pytest.fixture
async def user_id(container: AsyncContainer) -> int:
    async with container() as request:
        users = await request.get(UserService)
        return (await users.meet(TelegramProfile(telegram_id=1000, first_name="A"))).id


async def ask(container: AsyncContainer, user_id: int, number: int, text: str = "", budget: int = 0) -> Turn:
    turns = await container.get(TurnStore)
    question = Question(text=text or f"{number}: {_HUNDRED}", telegram_message_id=number)
    turn = await turns.begin(Asked(user_id=user_id, question=question, budget=budget or _BUDGET))
    await turns.save_answer(Answer(turn=turn, text=f"answer {number}: {_HUNDRED}", model="scripted"))
    return turn


async def summarise(container: AsyncContainer, dialog_id: int, keep_tokens: int = 300) -> None:
    async with container() as request:
        await (await request.get(SummaryService)).summarise(dialog_id, user_id=1, keep_tokens=keep_tokens)


def summarised(model: Script) -> set[int]:
    """Return the numbers of the questions that the model was given to summarise."""
    asked = "".join(request["messages"][-1]["content"] for request in model.requests)
    return {int(number) for number in re.findall(r"^user: (\d+):", asked, re.MULTILINE)}


async def test_what_does_not_fit_any_more_is_known_in_short(
    container: AsyncContainer, model: Script, user_id: int
) -> None:
    model.answer = "They counted."
    turns = [await ask(container, user_id, number) for number in range(1, 11)]
    assert not turns[2].is_cut
    assert turns[-1].is_cut
    assert turns[-1].unsummarised > _BUDGET
    await summarise(container, turns[0].dialog_id)
    turn = await ask(container, user_id, 11)
    assert not turn.is_cut
    assert turn.summary == "They counted."
    # The newest are there in full, questions first, and every one of the others was shown to be summarised.
    shown = [said.text.partition(":")[0] for said in turn.context]
    assert shown == ["10", "answer 10", "11"]
    summarised = "".join(request["messages"][-1]["content"] for request in model.requests)
    assert all(f"user: {number}:" in summarised for number in range(1, 10))
    assert "user: 10:" not in summarised


@pytest.mark.parametrize("questions", [11, 130])
async def test_with_a_large_window_each_of_many_short_messages_is_shown_or_summarised(
    container: AsyncContainer, model: Script, user_id: int, questions: int
) -> None:
    turns = [await ask(container, user_id, number, budget=100_000) for number in range(1, questions + 1)]
    await summarise(container, turns[0].dialog_id, keep_tokens=30_000)
    turn = await ask(container, user_id, questions + 1, budget=100_000)
    assert not turn.is_cut
    # A good part is still there word by word, and as much again has room before the next summary.
    shown = [said.text.partition(":")[0] for said in turn.context if said.role == "user"]
    assert shown == [str(number) for number in range(questions - 4, questions + 2)]
    assert summarised(model) == set(range(1, questions - 4))


async def test_questions_that_were_never_answered_do_not_hold_up_the_summary(
    container: AsyncContainer, model: Script, user_id: int, transaction: Transaction
) -> None:
    first = await ask(container, user_id, 1)
    async with transaction:
        transaction.session.add_all(
            Message(dialog_id=first.dialog_id, role="user", text="?", telegram_message_id=number)
            for number in range(1000, 1250)
        )
    for number in range(2, 11):
        await ask(container, user_id, number)
    await summarise(container, first.dialog_id)
    assert summarised(model) == set(range(1, 10))
    assert not (await ask(container, user_id, 11)).is_cut


async def test_a_summary_goes_on_from_the_one_before(
    container: AsyncContainer, model: Script, user_id: int
) -> None:
    model.answer = "First notes."
    turns = [await ask(container, user_id, number) for number in range(1, 5)]
    await summarise(container, turns[0].dialog_id)
    for number in range(5, 9):
        await ask(container, user_id, number)
    model.requests.clear()
    model.answer = "Second notes."
    await summarise(container, turns[0].dialog_id)
    (request,) = model.requests
    assert "First notes." in request["messages"][-1]["content"]
    assert "user: 2:" not in request["messages"][-1]["content"]
    assert (await ask(container, user_id, 9)).summary == "Second notes."


async def test_a_short_dialog_is_left_alone(container: AsyncContainer, model: Script, user_id: int) -> None:
    turn = await ask(container, user_id, 1)
    await summarise(container, turn.dialog_id)
    await summarise(container, turn.dialog_id + 1000)
    assert not model.requests


async def test_a_message_as_long_as_a_book_is_summarised_too(
    container: AsyncContainer, model: Script, user_id: int
) -> None:
    model.answer = "A book."
    turn = await ask(container, user_id, 1, text="page " * 20_000)
    await summarise(container, turn.dialog_id)
    later = await ask(container, user_id, 2)
    assert (later.summary, later.is_cut) == ("A book.", False)


async def test_two_workers_at_one_dialog_leave_one_whole_summary(
    container: AsyncContainer, model: Script, user_id: int
) -> None:
    model.answer = "Notes."
    turns = [await ask(container, user_id, number) for number in range(1, 30)]
    dialog_id = turns[0].dialog_id
    await asyncio.gather(*(summarise(container, dialog_id) for _ in range(2)))
    await summarise(container, dialog_id)
    turn = await ask(container, user_id, 31)
    assert (turn.summary, turn.is_cut) == ("Notes.", False)


async def test_what_was_just_said_is_not_summarised_away_where_it_has_room(
    container: AsyncContainer, model: Script, user_id: int
) -> None:
    turns = [await ask(container, user_id, number) for number in range(1, 6)]
    # More than is kept of many, and less than there is room for.
    await ask(container, user_id, 6, text=f"6: {_HUNDRED * 3}")
    await summarise(container, turns[0].dialog_id)
    assert summarised(model) == {1, 2, 3, 4, 5}
    turn = await ask(container, user_id, 7)
    assert [said.text.partition(":")[0] for said in turn.context] == ["6", "answer 6", "7"]
    assert not turn.is_cut


async def test_what_is_said_while_a_summary_is_written_costs_no_call_of_its_own(
    container: AsyncContainer, model: Script, user_id: int
) -> None:
    turns = [await ask(container, user_id, number, budget=100_000) for number in range(1, 12)]
    model.hold_after(1)
    async with asyncio.TaskGroup() as tasks:
        summary = tasks.create_task(summarise(container, turns[0].dialog_id, keep_tokens=30_000))
        await until(lambda: bool(model.requests))
        await ask(container, user_id, 12, budget=100_000)
        await ask(container, user_id, 13, budget=100_000)
        model.holds_after = None
        model.go_on.set()
        await summary
    assert len(model.requests) == 1
    assert summarised(model) == set(range(1, 7))
    assert not (await ask(container, user_id, 14, budget=100_000)).is_cut


@pytest.mark.parametrize("fault", ["broken", "empty"])
async def test_a_model_that_is_away_leaves_everything_as_it_was(
    container: AsyncContainer, model: Script, user_id: int, fault: str
) -> None:
    turns = [await ask(container, user_id, number) for number in range(1, 9)]
    model.fault = fault  # type: ignore[assignment]  # one of its names
    with pytest.raises(LlmError):
        await summarise(container, turns[0].dialog_id)
    model.fault = None
    turn = await ask(container, user_id, 9)
    assert turn.summary is None
    assert turn.is_cut
