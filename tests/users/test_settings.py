"""What people choose, and the text that the bot has asked them for."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from dishka import AsyncContainer
from sqlalchemy import delete

from vitte.core.clock import utc_now
from vitte.db.models import UserSettings
from vitte.db.transaction import Transaction
from vitte.users.schemas import Awaited, Person, PersonSettings, TelegramProfile
from vitte.users.service import UserService

ANNA = TelegramProfile(telegram_id=1001, first_name="Анна", username="anna", language_code="ru")
RENAME = Awaited(about=7, menu_id=70, until=utc_now() + timedelta(minutes=5))


@asynccontextmanager
async def an_update(process: AsyncContainer) -> AsyncIterator[UserService]:
    async with process() as scope:
        yield await scope.get(UserService)


async def meet(process: AsyncContainer, profile: TelegramProfile = ANNA) -> Person:
    async with an_update(process) as users:
        return await users.meet(profile)


async def test_every_choice_is_seen_by_other_processes_and_stays(processes: list[AsyncContainer]) -> None:
    here, there = processes
    person = await meet(here)
    assert person.settings == PersonSettings()
    assert (await meet(there)).plan == "free"
    async with an_update(here) as users:
        await users.choose_language(person, "en")
        assert (await meet(there)).language_code == "en"
        await users.choose_persona(person, "poet")
        await users.choose_model(person, "large")
        await users.choose_voice(person, speaks=True)
    chosen = PersonSettings(language="en", persona="poet", model="large", speaks=True)
    assert (await meet(there)).settings == chosen
    # Who changes their name keeps what they have chosen.
    renamed = await meet(here, replace(ANNA, first_name="Anna"))
    assert renamed.settings == chosen
    assert renamed.language_code == "en"
    async with an_update(there) as users:
        await users.choose_language(person, None)
    assert (await meet(here)).language_code == "ru"


async def test_who_has_no_settings_yet_can_choose(
    processes: list[AsyncContainer], transaction: Transaction
) -> None:
    person = await meet(processes[0])
    async with transaction:
        await transaction.session.execute(delete(UserSettings))
    async with an_update(processes[0]) as users:
        assert await users.take_text(person, 5) is None
        await users.await_text(person, RENAME)
        await users.choose_voice(person, speaks=True)
    assert (await meet(processes[1])).settings == PersonSettings(speaks=True, awaited=RENAME)


async def test_a_text_that_was_asked_for_is_taken_once_and_by_the_same_message_again(
    processes: list[AsyncContainer],
) -> None:
    here, there = processes
    person = await meet(here)
    async with an_update(here) as users:
        await users.await_text(person, RENAME)
        assert (await meet(there)).settings.awaited == RENAME
        assert await users.take_text(person, 71) == replace(RENAME, taken_by=71)
        assert await users.take_text(person, 71) == replace(RENAME, taken_by=71)
        assert await users.take_text(person, 72) is None
        known = (await meet(there)).settings.awaited
        assert known is not None
        assert known.is_given_by(71, at=utc_now() + timedelta(days=1))
        assert not known.is_given_by(72, at=utc_now())
        assert not known.is_open(at=utc_now())
        # Asked for anew.
        await users.await_text(person, replace(RENAME, about=8))
        assert (await users.take_text(person, 73) or RENAME).about == 8


async def test_a_text_is_not_taken_once_it_is_not_asked_for_any_more(processes: list[AsyncContainer]) -> None:
    here, there = processes
    person = await meet(here)
    async with an_update(here) as users:
        await users.await_text(person, RENAME)
        await users.stop_awaiting(person)
        assert await users.take_text(person, 71) is None
    assert (await meet(there)).settings.awaited is None


@pytest.mark.parametrize(("seconds", "is_given"), [(-1, True), (1, False)])
def test_a_text_is_asked_for_some_minutes_and_not_for_ever(seconds: int, is_given: bool) -> None:
    at = RENAME.until + timedelta(seconds=seconds)
    assert RENAME.is_given_by(71, at=at) is is_given
    assert RENAME.is_open(at=at) is is_given
