"""What is kept of many turns at once."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from dishka import AsyncContainer
from sqlalchemy import func, select

from vitte.assistant.schemas import Answer, Asked, Question, Turn
from vitte.assistant.turns import TurnStore
from vitte.core.job_names import TITLE_DIALOG
from vitte.core.settings import Settings
from vitte.db.models import Dialog, Job, Message
from vitte.db.transaction import Transaction
from vitte.main.container import make_container
from vitte.users.schemas import TelegramProfile
from vitte.users.service import UserService


@pytest.fixture
async def turns(container: AsyncContainer) -> TurnStore:
    return await container.get(TurnStore)


@pytest.fixture
async def elsewhere(settings: Settings) -> AsyncIterator[TurnStore]:
    """The store of another process."""
    other = make_container(settings, process="bot")
    yield await other.get(TurnStore)
    await other.close()


async def people(container: AsyncContainer, count: int) -> list[int]:
    async with container() as request:
        users = await request.get(UserService)
        return [
            (await users.meet(TelegramProfile(telegram_id=1000 + number, first_name="A"))).id
            for number in range(count)
        ]


def asked(user_id: int, number: int = 1) -> Asked:
    return Asked(user_id=user_id, question=Question(text=f"question {number}", telegram_message_id=number))


def answer_to(turn: Turn, text: str = "answer") -> Answer:
    orders = ((TITLE_DIALOG, {"dialog_id": turn.dialog_id}),) if turn.is_first else ()
    return Answer(turn=turn, text=text, model="scripted", orders=orders)


async def count(transaction: Transaction, model: type[Dialog] | type[Message] | type[Job]) -> int:
    async with transaction:
        return (await transaction.session.scalars(select(func.count()).select_from(model))).one()


async def test_a_hundred_turns_at_once_cost_a_few_statements(
    container: AsyncContainer, turns: TurnStore, transaction: Transaction, statements: list[str]
) -> None:
    everybody = await people(container, 100)
    for number in (1, 2):
        statements.clear()
        begun = await asyncio.gather(*(turns.begin(asked(user_id, number)) for user_id in everybody))
        ids = await asyncio.gather(*(turns.save_answer(answer_to(turn)) for turn in begun))
        await asyncio.gather(*(turns.mark_sent(answer_id, 1000) for answer_id in ids))
        if number == 2:
            # One alone and the rest together, or all of them together: of each kind of write.
            assert 0 < len(statements) <= 6
        assert [len(turn.context) for turn in begun] == [number * 2 - 1] * 100
    assert await count(transaction, Dialog) == 100
    assert await count(transaction, Message) == 400
    # Each dialog is named once.
    assert await count(transaction, Job) == 100


async def test_two_processes_that_begin_at_once_begin_one_dialog(
    container: AsyncContainer, turns: TurnStore, elsewhere: TurnStore, transaction: Transaction
) -> None:
    everybody = await people(container, 20)
    here, there = await asyncio.gather(
        asyncio.gather(*(turns.begin(asked(user_id)) for user_id in everybody)),
        asyncio.gather(*(elsewhere.begin(asked(user_id)) for user_id in everybody)),
    )
    assert here == there
    assert await count(transaction, Dialog) == await count(transaction, Message) == 20


async def test_an_answer_of_a_process_that_was_overtaken_changes_nothing(
    container: AsyncContainer, turns: TurnStore, transaction: Transaction
) -> None:
    one, other = await people(container, 2)
    first, second = await asyncio.gather(turns.begin(asked(one)), turns.begin(asked(other)))
    kept = await turns.save_answer(answer_to(first))
    late, again, new = await asyncio.gather(
        turns.save_answer(answer_to(first, "another")),
        turns.save_answer(answer_to(first)),
        turns.save_answer(answer_to(second)),
        return_exceptions=True,
    )
    assert isinstance(late, RuntimeError)
    assert again == kept
    assert isinstance(new, int)
    assert await count(transaction, Message) == 4


async def test_a_turn_that_is_begun_again_finds_its_answer_and_a_stop(
    container: AsyncContainer, turns: TurnStore
) -> None:
    (user_id,) = await people(container, 1)
    turn = await turns.begin(asked(user_id))
    assert (turn.answer, turn.is_stopped) == (None, False)
    answer_id = await turns.save_answer(answer_to(turn))
    again = await turns.begin(asked(user_id))
    assert again.answer is not None
    assert (again.answer.id, again.answer.text, again.answer.is_sent) == (answer_id, "answer", False)
    await turns.mark_sent(answer_id, 1000)
    again = await turns.begin(asked(user_id))
    assert again.answer is not None
    assert again.answer.is_sent


async def test_a_question_of_nobody_keeps_nobody_from_an_answer(
    container: AsyncContainer, turns: TurnStore
) -> None:
    (user_id,) = await people(container, 1)
    begun = await asyncio.gather(
        turns.begin(asked(user_id)), turns.begin(asked(user_id + 1000)), return_exceptions=True
    )
    assert isinstance(begun[0], Turn)
    assert isinstance(begun[1], Exception)
