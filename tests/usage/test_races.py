"""Processes that want the same at the same moment."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from tests.patience import PATIENCE
from tests.servers import connected
from tests.usage.conftest import NOON, MakePeople, MakeProcess, Process, SetClock, Sums, request
from tests.usage.test_ledger import NOTHING
from vitte.core.nursery import Nursery
from vitte.core.settings import Settings
from vitte.core.settings.usage import UsageSettings
from vitte.db.outages import is_away
from vitte.usage.errors import LimitReachedError
from vitte.usage.ledger import settlement_of
from vitte.usage.schemas import Reservation

_MIDNIGHT = datetime(2026, 5, 11, tzinfo=UTC)


async def race(*processes: Process, user_id: int) -> list[Any]:
    return await asyncio.gather(
        *(process.ledger.reserve(request(user_id)) for process in processes), return_exceptions=True
    )


def assert_one_won(results: list[Any]) -> None:
    assert sorted(isinstance(one, Reservation) for one in results) == [False, True], results
    assert sorted(isinstance(one, LimitReachedError) for one in results) == [False, True], results


@asynccontextmanager
async def held_up(settings: Settings, *, until_waiting: int) -> AsyncIterator[None]:
    """Keep everybody from the bot's sums until so many wait: what they see is old by then."""
    async with connected(settings.database) as connection, connection.transaction():
        await connection.execute("SELECT FROM bot_days FOR UPDATE")
        yield
        async with connected(settings.database) as observer:
            await _until_waiting(observer, until_waiting)


async def _until_waiting(observer: asyncpg.Connection, count: int) -> None:
    query = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    async with asyncio.timeout(PATIENCE):
        while await observer.fetchval(query) < count:  # noqa: ASYNC110 - nobody tells of a lock
            await asyncio.sleep(0.005)


@pytest.mark.parametrize(
    ("limits", "budget", "before"),
    [
        ({"messages_per_day": 1}, 0, 0),
        ({"messages_per_day": 3}, 0, 2),
        ({"tokens_per_month": 100}, 0, 0),
        ({"tokens_per_month": 300}, 0, 2),
        ({"cost_per_day": "0.0002"}, 0, 0),
        ({"cost_per_day": "0.0006"}, 0, 2),
        ({}, 0.000202, 0),
        ({}, 0.000602, 2),
    ],
    ids=str,
)
async def test_of_two_processes_one_gets_the_last(
    settings: Settings,
    make_process: MakeProcess,
    make_people: MakePeople,
    limits: dict[str, Any],
    budget: float,
    before: int,
) -> None:
    # With nothing before, both find that the person's day has not begun: neither can see or lock its sums.
    processes = [make_process(settings=UsageSettings(daily_budget=budget)) for _ in range(2)]
    anna, ben = await make_people(2, **limits)
    await processes[0].ledger.reserve(request(ben, tokens=1))
    for _ in range(before):
        await processes[0].ledger.reserve(request(anna))
    nursery = Nursery()
    async with held_up(settings, until_waiting=2):
        racing = nursery.start(race(*processes, user_id=anna), name="race")
    assert_one_won(await racing)


async def test_at_midnight_two_processes_do_not_spend_the_months_tokens_twice(
    settings: Settings, make_process: MakeProcess, make_people: MakePeople, sums: Sums
) -> None:
    # One is in the new day already; neither day has any sums of Anna's.
    clocks = [SetClock(_MIDNIGHT + timedelta(seconds=seconds)) for seconds in (-1, 1)]
    processes = [make_process(clock=clock) for clock in clocks]
    anna, ben = await make_people(2, tokens_per_month=100)
    await asyncio.gather(*(process.ledger.reserve(request(ben, tokens=1)) for process in processes))
    nursery = Nursery()
    async with held_up(settings, until_waiting=2):
        racing = nursery.start(race(*processes, user_id=anna), name="race")
    assert_one_won(await racing)
    assert (
        sum(one["reserved_tokens"] for (user_id, _), one in (await sums()).items() if user_id == anna) == 100
    )


@pytest.mark.parametrize("time", [NOON, _MIDNIGHT], ids=["noon", "midnight"])
async def test_processes_that_serve_the_same_people_stand_in_nobodys_way(
    make_process: MakeProcess, make_people: MakePeople, sums: Sums, time: datetime
) -> None:
    processes = [make_process(clock=SetClock(time + timedelta(seconds=apart))) for apart in (-1, 1, 2)]
    everybody = await make_people(20, messages_per_day=1000)

    async def call(process: Process, user_id: int, number: int) -> None:
        reservation = await process.ledger.reserve(request(user_id))
        if number % 3:
            await process.ledger.settle(settlement_of(reservation, **NOTHING))

    # In different orders, and settling while others reserve: a deadlock would be an error.
    await asyncio.gather(
        *(
            call(process, user_id, number)
            for number in range(3)
            for process in processes
            for user_id in (everybody if number % 2 else reversed(everybody))
        )
    )
    found = await sums()
    assert sum(one["messages"] for (user_id, _), one in found.items() if user_id) == 180
    assert sum(one["messages"] for (user_id, _), one in found.items() if user_id is None) == 180
    assert sum(one["reserved_tokens"] for (user_id, _), one in found.items() if user_id) == 60 * 100
    assert sum(one["reserved_tokens"] for (user_id, _), one in found.items() if user_id is None) == 60 * 100


async def test_of_many_who_race_for_the_last_of_everybody_each_is_told(
    make_process: MakeProcess, make_people: MakePeople
) -> None:
    processes = [make_process() for _ in range(2)]
    everybody = await make_people(30, messages_per_day=1)
    for results in await asyncio.gather(*(race(*processes, user_id=user_id) for user_id in everybody)):
        assert_one_won(results)


async def test_what_a_call_took_is_kept_although_postgresql_went_away_and_no_call_is_made_meanwhile(
    settings: Settings, make_process: MakeProcess, make_people: MakePeople, sums: Sums
) -> None:
    process = make_process()
    anna, ben = await make_people(2)
    reservation = await process.ledger.reserve(request(anna))
    nursery = Nursery()
    async with held_up(settings, until_waiting=2):
        settling = nursery.start(process.ledger.settle(settlement_of(reservation, **NOTHING)), name="settle")
        reserving = nursery.start(race(process, user_id=ben), name="reserve")
        async with connected(settings.database) as observer:
            await _until_waiting(observer, 2)
            await observer.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
        (refused,) = await reserving
        assert is_away(refused)
        # The same call once more, by a connection that is new.
        reserving = nursery.start(race(process, user_id=ben), name="reserve")
    assert await settling
    (made,) = await reserving
    assert isinstance(made, Reservation)
    assert {user_id: one["reserved_tokens"] for (user_id, _), one in (await sums()).items()} == {
        anna: 0,
        ben: 100,
        None: 100,
    }
