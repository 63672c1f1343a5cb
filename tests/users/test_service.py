"""First contact."""

import asyncio
from dataclasses import replace

from sqlalchemy import func, select, text

from vitte.clients.cache.protocol import NoCache
from vitte.db.engine import SessionFactory
from vitte.db.models import Subscription, User, UserSettings
from vitte.db.transaction import Transaction
from vitte.users.people import People
from vitte.users.repository import UserRepository
from vitte.users.schemas import TelegramProfile
from vitte.users.service import UserService

ANNA = TelegramProfile(telegram_id=1001, first_name="Анна", username="anna", language_code="ru")
VERSION = text("users.ctid, users.xmax FROM users")


def service(session_factory: SessionFactory) -> UserService:
    """Return what another process has."""
    transaction = Transaction(session_factory)
    people = People(session_factory, NoCache())
    return UserService(transaction, UserRepository(transaction), people, NoCache())


async def test_fifty_first_messages_at_once_make_one_person_with_one_plan(
    session_factory: SessionFactory, transaction: Transaction
) -> None:
    people = await asyncio.gather(*(service(session_factory).meet(ANNA) for _ in range(50)))
    assert len({person.id for person in people}) == 1
    assert sum(person.is_new for person in people) == 1
    async with transaction:
        for table in (User, Subscription, UserSettings):
            assert await transaction.session.scalar(select(func.count()).select_from(table)) == 1
        plan = (await transaction.session.scalars(select(Subscription))).one()
    assert (plan.plan, plan.status, plan.expires_at) == ("free", "active", None)


async def test_a_crowd_that_arrives_at_once_costs_a_few_statements_and_everybody_gets_a_plan(
    session_factory: SessionFactory, statements: list[str]
) -> None:
    people = People(session_factory, NoCache())
    crowd = [TelegramProfile(telegram_id=1000 + number, first_name=f"A{number}") for number in range(150)]
    met = await asyncio.gather(*(people.meet(profile) for profile in crowd))
    # The people, and their plans: of the first alone and of all others, or of all of them together.
    assert 0 < len(statements) <= 4
    assert [one.profile.telegram for one in met] == crowd
    assert all(one.is_new for one in met)
    assert {one.profile.subscription.plan for one in met if one.profile.subscription} == {"free"}
    profiles = await asyncio.gather(*(people.profile(profile.telegram_id) for profile in crowd))
    assert len(statements) <= 6
    assert all(profile is not None and profile.subscription is not None for profile in profiles)


async def test_a_first_contact_costs_one_statement_and_who_is_known_is_only_read(
    session_factory: SessionFactory, transaction: Transaction, statements: list[str]
) -> None:
    first = await service(session_factory).meet(ANNA)
    assert len(statements) == 1
    async with transaction:
        before = (await transaction.session.execute(select(VERSION))).one()
    statements.clear()
    assert await service(session_factory).meet(ANNA) == replace(first, is_new=False)
    assert len(statements) == 1
    async with transaction:
        after = (await transaction.session.execute(select(VERSION))).one()
    # The same version of the row, which nobody has locked either.
    assert after == before


async def test_of_a_crowd_of_known_renamed_and_new_people_each_gets_what_is_theirs(
    session_factory: SessionFactory,
) -> None:
    people = People(session_factory, NoCache())
    known, renamed = await people.meet(ANNA), await people.meet(replace(ANNA, telegram_id=1002))
    crowd = [ANNA, replace(ANNA, telegram_id=1003), replace(ANNA, telegram_id=1002, username=None)]
    met = await asyncio.gather(*(people.meet(profile) for profile in crowd))
    assert [one.profile.telegram for one in met] == crowd
    assert [one.is_new for one in met] == [False, True, False]
    assert [one.is_written for one in met] == [False, True, True]
    assert met[0].profile == known.profile
    assert met[2].profile.id == renamed.profile.id
    assert met[2].profile.subscription == renamed.profile.subscription


async def test_who_writes_twice_at_once_within_a_crowd_is_one_person(
    session_factory: SessionFactory, transaction: Transaction
) -> None:
    people = People(session_factory, NoCache())
    other = replace(ANNA, telegram_id=1002)
    met = await asyncio.gather(*(people.meet(profile) for profile in (ANNA, other, ANNA, ANNA)))
    assert sum(one.is_new for one in met) == 2
    assert len({one.profile.id for one in met}) == 2
    async with transaction:
        for table in (User, Subscription, UserSettings):
            assert await transaction.session.scalar(select(func.count()).select_from(table)) == 2


async def test_a_person_is_known_again_and_a_new_name_is_remembered(session_factory: SessionFactory) -> None:
    first = await service(session_factory).meet(ANNA)
    renamed = TelegramProfile(telegram_id=1001, first_name="Anna", username=None, language_code="en")
    second = await service(session_factory).meet(renamed)
    third = await service(session_factory).meet(renamed)
    assert first.is_new
    assert second == replace(first, first_name="Anna", language_code="en", is_new=False)
    assert third == second
    assert third.subscription is not None
    assert third.subscription.plan == "free"


async def test_the_language_a_person_chose_wins_over_telegrams(
    session_factory: SessionFactory, transaction: Transaction
) -> None:
    person = await service(session_factory).meet(ANNA)
    async with transaction:
        settings = await transaction.session.get_one(UserSettings, person.id)
        settings.language = "en"
    assert (await service(session_factory).meet(ANNA)).language_code == "en"
    renamed = TelegramProfile(telegram_id=1001, first_name="Аня", language_code="ru")
    assert (await service(session_factory).meet(renamed)).language_code == "en"


async def test_a_person_who_comes_back_after_blocking_is_no_longer_blocked(
    session_factory: SessionFactory, transaction: Transaction
) -> None:
    users = service(session_factory)
    await users.meet(ANNA)
    await users.set_blocked(ANNA.telegram_id, blocked=True)
    async with transaction:
        assert (await transaction.session.scalars(select(User.blocked_bot_at))).one() is not None
    await users.meet(ANNA)
    async with transaction:
        assert (await transaction.session.scalars(select(User.blocked_bot_at))).one() is None


async def test_everybody_gets_a_plan_of_their_own(session_factory: SessionFactory) -> None:
    for telegram_id in (1001, 1002, 1003):
        profile = TelegramProfile(telegram_id=telegram_id, first_name="Анна")
        assert (await service(session_factory).meet(profile)).is_new
        known = await service(session_factory).meet(profile)
        assert known.subscription is not None
