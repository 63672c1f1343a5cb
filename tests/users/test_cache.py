"""What is remembered of people: nothing that is wrong for long, and nothing that money hangs on."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from dishka import AsyncContainer
from redis.asyncio import Redis
from sqlalchemy import update

from tests.clients.cache.conftest import Counts
from vitte.billing.service import SubscriptionService
from vitte.clients.cache.protocol import PROFILE, Cache
from vitte.core.settings import Settings
from vitte.db.models import Subscription
from vitte.db.transaction import Transaction
from vitte.main.container import make_container
from vitte.users.people import People
from vitte.users.schemas import Person, Profile, TelegramProfile
from vitte.users.service import UserService

ANNA = TelegramProfile(telegram_id=1001, first_name="0", username="anna", language_code="ru")
FRESH_WITHIN = 1.0


@asynccontextmanager
async def an_update(process: AsyncContainer) -> AsyncIterator[UserService]:
    async with process() as scope:
        yield await scope.get(UserService)


async def meet(process: AsyncContainer, profile: TelegramProfile = ANNA) -> Person:
    async with an_update(process) as users:
        return await users.meet(profile)


async def seen(process: AsyncContainer) -> Profile:
    async with an_update(process) as users:
        profile = await users.profile(ANNA.telegram_id)
    assert profile is not None
    return profile


async def test_a_known_person_and_their_plan_cost_no_statement(
    processes: list[AsyncContainer], statements: list[str]
) -> None:
    await meet(processes[0])
    first = await meet(processes[0])
    assert statements
    statements.clear()
    person = await meet(processes[1])
    assert person == first
    assert person.subscription is not None
    assert person.subscription.plan == "free"
    assert statements == []


async def test_of_first_messages_that_race_through_two_processes_one_is_welcomed(
    processes: list[AsyncContainer], statements: list[str]
) -> None:
    people = await asyncio.gather(*(meet(processes[number % 2]) for number in range(50)))
    assert len({person.id for person in people}) == 1
    assert sum(person.is_new for person in people) == 1
    # They look and register together, a statement each process; once more where an entry was lost on the way.
    assert len(statements) <= 6
    assert (await seen(processes[1])).subscription is not None


async def test_who_was_looked_for_before_is_registered_all_the_same(
    processes: list[AsyncContainer],
) -> None:
    async with an_update(processes[0]) as users:
        assert await users.find(ANNA.telegram_id) is None
        assert (await users.meet(ANNA)).is_new
        assert not (await users.meet(ANNA)).is_new


async def test_every_change_of_a_person_is_seen_by_other_processes(
    processes: list[AsyncContainer], transaction: Transaction
) -> None:
    here, there = processes
    person = await meet(here)
    assert (await seen(there)).telegram == ANNA
    renamed = replace(ANNA, first_name="Анна", last_name="К", username=None, language_code="en")
    await meet(here, renamed)
    assert (await seen(there)).telegram == renamed
    async with an_update(here) as users:
        await users.set_blocked(ANNA.telegram_id, blocked=True)
    assert (await seen(there)).has_blocked_bot
    await meet(here, renamed)
    assert not (await seen(there)).has_blocked_bot
    async with transaction:
        await transaction.session.execute(update(Subscription).values(status="ended"))
    async with here() as scope:
        # The repository's own word for it, as if a job had ended the plan.
        await (await scope.get(Cache)).invalidate(PROFILE, ANNA.telegram_id)
        assert (await seen(there)).subscription is None
        given = await (await scope.get(SubscriptionService)).current(person.id)
    assert (await seen(there)).subscription == given


async def test_a_stranger_is_unknown_only_until_the_first_contact(processes: list[AsyncContainer]) -> None:
    here, there = processes
    async with an_update(there) as users:
        assert await users.find(ANNA.telegram_id) is None
    await meet(here)
    async with an_update(there) as users:
        assert await users.find(ANNA.telegram_id) is not None


async def test_a_change_that_was_rolled_back_clears_nothing_and_is_seen_by_nobody(
    processes: list[AsyncContainer], redis: Redis
) -> None:
    here, there = processes
    await meet(here)
    before = await seen(there)
    entry = await redis.get(PROFILE.entry(ANNA.telegram_id))
    assert entry is not None

    async def block_and_fail() -> None:
        async with here() as scope:
            users, transaction = await scope.get(UserService), await scope.get(Transaction)
            async with transaction:
                await users.set_blocked(ANNA.telegram_id, blocked=True)
                changed = await users.profile(ANNA.telegram_id)
                assert changed is not None
                assert changed.has_blocked_bot
                raise OSError("on the way")

    with pytest.raises(OSError, match="on the way"):
        await block_and_fail()
    assert await redis.get(PROFILE.entry(ANNA.telegram_id)) == entry
    assert await seen(there) == before


async def test_what_a_transaction_has_not_committed_yet_is_seen_by_nobody_else(
    processes: list[AsyncContainer], redis: Redis
) -> None:
    here, there = processes
    await meet(here)
    async with here() as scope:
        users, transaction = await scope.get(UserService), await scope.get(Transaction)
        async with transaction:
            await users.set_blocked(ANNA.telegram_id, blocked=True)
            await users.profile(ANNA.telegram_id)
            assert not (await seen(there)).has_blocked_bot
    assert (await seen(there)).has_blocked_bot


async def test_what_costs_something_is_asked_of_postgresql_whatever_the_cache_says(
    processes: list[AsyncContainer], redis: Redis, transaction: Transaction
) -> None:
    person = await meet(processes[0])
    await seen(processes[0])
    entry = PROFILE.entry(ANNA.telegram_id)
    stored = await redis.get(entry)
    assert isinstance(stored, bytes)
    await redis.set(entry, stored.replace(b'"plan":"free"', b'"plan":"gold"'), keepttl=True)
    shown = (await meet(processes[1])).subscription
    assert shown is not None
    assert shown.plan == "gold"
    async with processes[1]() as scope:
        assert (await (await scope.get(SubscriptionService)).current(person.id)).plan == "free"


async def test_without_the_cache_people_are_known_all_the_same(settings: Settings, redis: Redis) -> None:
    settings.cache.enabled = False
    process = make_container(settings, process="bot")
    person = await meet(process)
    assert person.is_new
    assert (await meet(process)).id == person.id
    assert await redis.dbsize() == 0
    await process.close()


async def test_what_redis_holds_of_people_is_readable_and_holds_no_more_than_is_needed(
    processes: list[AsyncContainer], redis: Redis
) -> None:
    await meet(processes[0])
    await seen(processes[0])
    entry = await redis.get(PROFILE.entry(ANNA.telegram_id))
    assert isinstance(entry, bytes)
    assert entry.startswith(b'{"id":')
    for what_changes_all_the_time in (b"stopped_message_id", b"seen"):
        assert what_changes_all_the_time not in entry
    assert [key async for key in redis.scan_iter()] == [PROFILE.entry(ANNA.telegram_id).encode()]


async def test_of_64_readers_beside_1000_changes_none_sees_what_is_older_than_a_second(
    processes_with_memory: list[AsyncContainer], monkeypatch: pytest.MonkeyPatch
) -> None:
    processes = processes_with_memory
    committed: list[float] = [time.monotonic()]
    stale: list[tuple[int, int]] = []
    loads, reads = 0, 0
    is_over = asyncio.Event()
    load = People.profile

    async def count_loads(self: People, telegram_id: int) -> Profile | None:
        nonlocal loads
        loads += 1
        return await load(self, telegram_id)

    await meet(processes[0])
    counts = Counts()
    monkeypatch.setattr(People, "profile", count_loads)

    async def go_on_reading(process: AsyncContainer) -> None:
        nonlocal reads
        async with an_update(process) as users:
            while not is_over.is_set():
                begun = time.monotonic()
                profile = await users.profile(ANNA.telegram_id)
                assert profile is not None
                reads += 1
                value = int(profile.telegram.first_name)
                if value + 1 < len(committed) and committed[value + 1] < begun - FRESH_WITHIN:
                    stale.append((value, len(committed) - 1))
                await asyncio.sleep(0.02)

    readers = asyncio.gather(*(go_on_reading(processes[number % 2]) for number in range(64)))
    for number in range(1, 1001):
        people = await processes[number % 2].get(People)
        await people.meet(replace(ANNA, first_name=str(number)))
        committed.append(time.monotonic())
        # Often enough the entry is there, and known to both, when it changes.
        await asyncio.sleep(0.002)
    is_over.set()
    await readers
    assert stale == []
    assert reads > 1000
    assert loads == counts["miss"] + counts["waited"]
    # An entry is missing after the first contact and each change.
    assert counts["miss"] <= 1 + 1000
    assert counts["hit"] + counts["local"] > 0
