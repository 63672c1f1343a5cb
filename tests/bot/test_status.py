"""/status: the plan, and what is left of it."""

import re
from datetime import timedelta

import pytest
from dishka import AsyncContainer
from sqlalchemy import update

from tests.usage.conftest import request
from vitte.bot.texts import texts_for
from vitte.core.clock import utc_now
from vitte.db.engine import SessionFactory
from vitte.db.models import PlanLimits, Subscription, User
from vitte.sandbox.client import SandboxPerson
from vitte.usage.errors import ERRORS
from vitte.usage.ledger import UsageLedger


@pytest.mark.usefixtures("bot")
async def test_status_tells_what_is_left_and_when_it_renews(
    anna: SandboxPerson, ben: SandboxPerson, container: AsyncContainer, session_factory: SessionFactory
) -> None:
    async with session_factory() as session:
        await session.execute(update(PlanLimits).values(name_en="Gratis", name_ru="Даром"))
        await session.commit()
    await ben.ask("/start")
    await (await container.get(UsageLedger)).reserve(request(1, tokens=1234))
    status = (await ben.ask("/status"))["text"]
    assert "Plan: Gratis" in status
    assert re.search(
        r"^Messages today: 1 of 100, new ones at midnight UTC, in \d+ \w+$", status, re.MULTILINE
    )
    assert "Tokens this month: 1,234 of 2,000,000, new ones on the 1st (UTC), in " in status
    status = (await anna.ask("/status"))["text"]
    assert "План: Даром" in status
    assert "Сообщения сегодня: 0 из 100, новые — в полночь по UTC, через " in status


@pytest.mark.usefixtures("bot")
async def test_a_plan_that_the_owner_has_not_described_goes_by_its_key_and_has_no_limits(
    ben: SandboxPerson, session_factory: SessionFactory
) -> None:
    async with session_factory() as session:
        user = User(telegram_id=ben.id, first_name="Ben", language_code="en")
        session.add(user)
        await session.flush()
        session.add(Subscription(user_id=user.id, plan="friends", status="active"))
        await session.commit()
    status = (await ben.ask("/status"))["text"]
    assert "Plan: friends" in status
    assert "Messages today: 0, without a limit" in status


@pytest.mark.parametrize(("language", "renews"), [("en", "in 5 hours"), ("ru", "через 5 часов")])
def test_every_limit_says_when_it_renews(language: str, renews: str) -> None:
    now = utc_now()
    for error in ERRORS.values():
        told = texts_for(language).of_error(
            error(allowed=3, now=now, renews_at=now + timedelta(hours=5, minutes=10))
        )
        assert renews in told
