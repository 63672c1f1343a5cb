"""What a call took is settled with the answer that it made."""

import asyncio
from dataclasses import replace

import pytest
from dishka import AsyncContainer
from sqlalchemy import delete, select
from structlog.contextvars import bind_contextvars, merge_contextvars
from structlog.testing import capture_logs

from tests.assistant.test_turns import answer_to, asked, people
from vitte.assistant.running import AnswerStoppedError
from vitte.assistant.schemas import Answer, Turn
from vitte.assistant.turns import TurnStore
from vitte.db.models import BotDay, Dialog, Message, UsageCall
from vitte.db.transaction import Transaction
from vitte.usage.ledger import UsageLedger, settlement_of
from vitte.usage.schemas import CallRequest, Settlement


@pytest.fixture
async def turns(container: AsyncContainer) -> TurnStore:
    return await container.get(TurnStore)


@pytest.fixture
async def ledger(container: AsyncContainer) -> UsageLedger:
    return await container.get(UsageLedger)


async def used_by(ledger: UsageLedger, user_id: int) -> Settlement:
    request = CallRequest(
        user_id=user_id,
        plan="free",
        kind="chat",
        model="scripted",
        tokens=100,
        cost=0,
        counts_as_message=True,
    )
    return settlement_of(
        await ledger.reserve(request),
        prompt_tokens=30,
        completion_tokens=12,
        is_estimated=False,
        outcome="complete",
    )


def giving(turn: Turn, used: Settlement, *, text: str = "answer") -> Answer:
    return Answer(turn=turn, text=text, model="scripted", used=used)


async def settled(transaction: Transaction) -> tuple[list[str], int, int]:
    """How the calls are, and what the day's sums have of tokens and of reserved ones."""
    async with transaction:
        states = await transaction.session.scalars(select(UsageCall.state).order_by(UsageCall.id))
        day = (await transaction.session.scalars(select(BotDay))).one()
        return list(states), day.tokens, day.reserved_tokens


async def test_an_answer_and_what_it_cost_are_kept_by_one_statement(
    container: AsyncContainer,
    turns: TurnStore,
    ledger: UsageLedger,
    transaction: Transaction,
    statements: list[str],
) -> None:
    everybody = await people(container, 20)
    begun = await asyncio.gather(*(turns.begin(asked(user_id)) for user_id in everybody))
    used = [await used_by(ledger, user_id) for user_id in everybody]
    statements.clear()
    await turns.save_answer(giving(begun[0], used[0]))
    assert len(statements) == 1
    await asyncio.gather(
        *(turns.save_answer(giving(turn, one)) for turn, one in zip(begun[1:], used[1:], strict=True))
    )
    assert len(statements) <= 3
    assert await settled(transaction) == (["settled"] * 20, 20 * 42, 0)
    # Nobody pays twice for what is stored again after a commit whose answer was lost.
    await turns.save_answer(giving(begun[0], used[0]))
    assert await settled(transaction) == (["settled"] * 20, 20 * 42, 0)


async def test_an_answer_that_orders_jobs_is_paid_with_them(
    container: AsyncContainer, turns: TurnStore, ledger: UsageLedger, transaction: Transaction
) -> None:
    (user_id,) = await people(container, 1)
    turn = await turns.begin(asked(user_id))
    plain = answer_to(turn)
    assert plain.orders
    used = await used_by(ledger, user_id)
    await turns.save_answer(
        Answer(turn=turn, text="answer", model="scripted", orders=plain.orders, used=used)
    )
    assert await settled(transaction) == (["settled"], 42, 0)


async def test_an_answer_whose_dialog_was_deleted_is_paid_all_the_same(
    container: AsyncContainer, turns: TurnStore, ledger: UsageLedger, transaction: Transaction
) -> None:
    (user_id,) = await people(container, 1)
    turn = await turns.begin(asked(user_id))
    used = await used_by(ledger, user_id)
    async with transaction:
        await transaction.session.execute(delete(Dialog))
    with pytest.raises(AnswerStoppedError):
        await turns.save_answer(giving(turn, used))
    assert await settled(transaction) == (["settled"], 42, 0)


async def test_an_answer_that_cannot_be_stored_is_paid_and_spoils_no_other(
    container: AsyncContainer, turns: TurnStore, ledger: UsageLedger, transaction: Transaction
) -> None:
    anna, ben = await people(container, 2)
    begun = [await turns.begin(asked(user_id)) for user_id in (anna, ben)]
    used = [await used_by(ledger, user_id) for user_id in (anna, ben)]
    kept, refused = await asyncio.gather(
        turns.save_answer(giving(begun[0], used[0])),
        # PostgreSQL knows no such character.
        turns.save_answer(giving(begun[1], used[1], text="a\0b")),
        return_exceptions=True,
    )
    assert isinstance(kept, int)
    assert isinstance(refused, Exception)
    assert await settled(transaction) == (["settled"] * 2, 2 * 42, 0)
    async with transaction:
        answers = await transaction.session.scalars(select(Message.text).where(Message.role == "assistant"))
        assert answers.all() == ["answer"]


async def test_what_an_answer_cost_is_logged_in_the_name_of_its_own_update(
    container: AsyncContainer, turns: TurnStore, ledger: UsageLedger
) -> None:
    everybody = await people(container, 3)
    begun = await asyncio.gather(*(turns.begin(asked(user_id)) for user_id in everybody))
    used = [await used_by(ledger, user_id) for user_id in everybody]

    async def save(number: int) -> None:
        bind_contextvars(update=number)
        await turns.save_answer(giving(begun[number], replace(used[number], model=f"model-{number}")))

    with capture_logs(processors=[merge_contextvars]) as logged:
        await asyncio.gather(*(save(number) for number in range(3)))
    told = {(line["update"], line["model"]) for line in logged if line["event"] == "call_settled"}
    assert told == {(number, f"model-{number}") for number in range(3)}
