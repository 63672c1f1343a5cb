"""First contact."""

import asyncio
from dataclasses import replace

from sqlalchemy import func, select

from vitte.billing.repository import SubscriptionRepository
from vitte.billing.service import SubscriptionService
from vitte.clients.cache.protocol import NoCache
from vitte.db.engine import SessionFactory
from vitte.db.models import Subscription, User, UserSettings
from vitte.db.transaction import Transaction
from vitte.users.repository import UserRepository
from vitte.users.schemas import Person, TelegramProfile
from vitte.users.service import UserService

ANNA = TelegramProfile(telegram_id=1001, first_name="Анна", username="anna", language_code="ru")


def service(session_factory: SessionFactory) -> UserService:
    transaction = Transaction(session_factory)
    subscriptions = SubscriptionService(transaction, SubscriptionRepository(transaction), NoCache())
    return UserService(transaction, UserRepository(transaction), subscriptions, NoCache())


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


async def test_a_person_is_known_again_and_a_new_name_is_remembered(session_factory: SessionFactory) -> None:
    first = await service(session_factory).meet(ANNA)
    renamed = TelegramProfile(telegram_id=1001, first_name="Anna", username=None, language_code="en")
    second = await service(session_factory).meet(renamed)
    third = await service(session_factory).meet(renamed)
    assert first.is_new
    assert second == Person(id=first.id, telegram_id=1001, first_name="Anna", language_code="en")
    assert third == replace(second, subscription=third.subscription)
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
