"""What is heard, spoken and embedded is on the ledger as well."""

import asyncio
from decimal import Decimal

import pytest
from dishka import AsyncContainer
from sqlalchemy import select, update

from tests.patience import PATIENCE
from tests.sandbox.recordings import opus
from vitte.assistant.speaking import HearingService, SpeakingService
from vitte.clients.speech.protocol import SpeechError
from vitte.core.settings import Settings
from vitte.db.models import PlanLimits, UsageCall, UsageDay
from vitte.db.transaction import Transaction
from vitte.memory.embedding import MeteredEmbedder
from vitte.sandbox.llm import Script
from vitte.usage.errors import LimitReachedError
from vitte.users.schemas import Person, TelegramProfile
from vitte.users.service import UserService


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Settings with models that hear, speak and embed, and what they cost."""
    settings.speech.model, settings.speech.voice_model = "ear", "voice"
    settings.speech.minute_price, settings.speech.voice_price = 0.006, 15
    settings.embeddings.model, settings.embeddings.price = "vectors", 0.02
    return settings


@pytest.fixture
async def person(container: AsyncContainer, model: Script) -> Person:
    async with container() as request:
        users = await request.get(UserService)
        return await users.meet(TelegramProfile(telegram_id=1001, first_name="A"))


async def calls(transaction: Transaction) -> list[UsageCall]:
    async with transaction:
        return list((await transaction.session.scalars(select(UsageCall).order_by(UsageCall.id))).all())


async def test_a_minute_that_is_heard_and_words_that_are_spoken_cost_what_the_owner_says(
    container: AsyncContainer, person: Person, transaction: Transaction
) -> None:
    hearing = await container.get(HearingService)
    assert await hearing.hear(person.id, opus(2), mime_type="audio/ogg", seconds=90)
    speaking = await container.get(SpeakingService)
    assert await speaking.speak(person, "x" * 1000)
    heard, spoken = await calls(transaction)
    assert (heard.kind, heard.state, heard.cost) == ("hearing", "settled", 9_000)
    assert (spoken.kind, spoken.state, spoken.cost) == ("speaking", "settled", 15_000)
    async with transaction:
        day = (await transaction.session.scalars(select(UsageDay))).one()
    # Neither is a message of the day.
    assert (day.messages, day.cost, day.reserved_cost) == (0, 24_000, 0)


async def test_a_call_that_fails_costs_nothing(
    container: AsyncContainer, person: Person, model: Script, transaction: Transaction
) -> None:
    model.fault = "refused"
    with pytest.raises(SpeechError):
        await (await container.get(HearingService)).hear(
            person.id, opus(2), mime_type="audio/ogg", seconds=90
        )
    (call,) = await calls(transaction)
    assert (call.state, call.outcome, call.cost) == ("settled", "speech_misconfigured", 0)


async def test_who_has_spent_a_day_s_money_is_not_heard(
    container: AsyncContainer, person: Person, model: Script, transaction: Transaction
) -> None:
    async with transaction:
        await transaction.session.execute(update(PlanLimits).values(cost_per_day=Decimal("0.001")))
    with pytest.raises(LimitReachedError):
        await (await container.get(HearingService)).hear(
            person.id, opus(2), mime_type="audio/ogg", seconds=90
        )
    assert not model.media_requests


async def test_vectors_are_noted_also_where_nobody_waits_for_that(
    container: AsyncContainer, person: Person, transaction: Transaction
) -> None:
    embedder = await container.get(MeteredEmbedder)
    assert len(await embedder.embed(person.id, ["bees", "cats"])) == 2
    assert len(await embedder.embed_at_once(person.id, "dogs")) == 1
    async with asyncio.timeout(PATIENCE):
        while [call.state for call in await calls(transaction)] != ["settled"] * 2:  # noqa: ASYNC110 - in PostgreSQL
            await asyncio.sleep(0.02)
    assert {call.kind for call in await calls(transaction)} == {"embedding"}
