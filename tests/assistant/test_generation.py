"""What people see of an answer while it is made, and what it costs them."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from dishka import AsyncContainer
from sqlalchemy import text, update

from tests.replies import SomeReply
from vitte.assistant.generation import AnswerMaker, Brief, Made
from vitte.assistant.running import AnswerStoppedError, RunningAnswers
from vitte.assistant.tools.schemas import ToolContext
from vitte.clients.llm.protocol import Chunk, ToolCall, Usage
from vitte.db.models import PlanLimits
from vitte.db.transaction import Transaction
from vitte.usage.errors import LimitReachedError
from vitte.usage.prices import Price
from vitte.users.schemas import TelegramProfile
from vitte.users.service import UserService

Make = Callable[..., Awaitable[Made]]


class InPieces:
    """A model whose answers come in just these pieces, round by round."""

    name = "scripted"

    def __init__(self, *rounds: list[Chunk]) -> None:
        self._rounds = list(rounds)

    async def stream(self, *_args: Any, **_options: Any) -> AsyncGenerator[Chunk]:
        for piece in self._rounds.pop(0):
            yield piece

    async def close(self) -> None:
        """There is nothing to close."""


@pytest.fixture
def chat() -> SomeReply:
    return SomeReply()


@pytest.fixture
async def brief(container: AsyncContainer) -> Brief:
    """Somebody who asks, of a model that says nothing yet."""
    async with container() as request:
        person = await (await request.get(UserService)).meet(TelegramProfile(telegram_id=1, first_name="A"))
    return Brief(
        user_id=person.id,
        plan=person.plan,
        dialog_id=1,
        model=InPieces(),
        prices={("default", "scripted"): Price()},
        max_tokens=10,
        messages=[],
        tools=None,
    )


@pytest.fixture
def make(container: AsyncContainer, brief: Brief, chat: SomeReply) -> Make:
    """Make the answer of a model that speaks like this."""

    async def make(*rounds: list[Chunk], is_stopped: bool = False, **options: Any) -> Made:
        maker = await container.get(AnswerMaker)
        with RunningAnswers().begin(brief.user_id, 1) as running:
            if is_stopped:
                running.stop()
            return await maker.make(replace(brief, model=InPieces(*rounds), **options), chat, running)

    return make


async def test_the_end_of_an_answer_is_sent_without_being_shown_before(make: Make, chat: SomeReply) -> None:
    made = await make([Chunk(text="He"), Chunk(text="llo"), Chunk(text="!", finish_reason="stop")])
    assert made.text == "Hello!"
    assert chat.drafts == ["He", "Hello"]


async def test_what_was_said_before_a_tool_is_kept_when_the_person_may_ask_no_more_after_it(
    make: Make, brief: Brief, transaction: Transaction
) -> None:
    async with transaction:
        await transaction.session.execute(
            update(PlanLimits).values(tokens_per_month=12, messages_per_day=None, cost_per_day=None)
        )
    call = ToolCall("1", "calculate", '{"expression": "1 + 1"}')
    context = ToolContext(user_id=brief.user_id, telegram_id=1, plan=brief.plan, language="en", chat_id=1)
    first = [Chunk(text="Let me see."), Chunk(finish_reason="tool_calls", tool_calls=(call,))]
    made = await make(first, [Chunk(text="2", finish_reason="stop")], tools=context)
    assert made.text.strip() == "Let me see."
    assert isinstance(made.cut_by, LimitReachedError)


@pytest.mark.parametrize(("provider", "cost"), [("default", 2000), ("own", 0), ("unknown", 2000)])
async def test_what_stands_in_costs_what_it_costs_at_its_own_provider(
    make: Make, provider: str, cost: int
) -> None:
    prices = {
        ("default", "big"): Price(price_in=Decimal(10), price_out=Decimal(10)),
        ("own", "big"): Price(),
    }
    last = Usage(prompt_tokens=100, completion_tokens=100)
    made = await make(
        [Chunk(text="Hello", model="big", provider=provider, finish_reason="stop", usage=last)], prices=prices
    )
    assert made.used is not None
    assert made.used.cost == cost


async def test_an_answer_that_is_stopped_before_the_model_was_asked_costs_nothing(
    make: Make, transaction: Transaction
) -> None:
    with pytest.raises(AnswerStoppedError):
        await make([Chunk(text="Hello", finish_reason="stop")], is_stopped=True)
    async with transaction:
        spent = (
            await transaction.session.execute(text("SELECT messages, tokens, reserved_tokens FROM bot_days"))
        ).one()
    assert tuple(spent) == (0, 0, 0)
