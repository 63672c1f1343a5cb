"""What nobody came back from, and what is old."""

import asyncio
from datetime import date, timedelta

from sqlalchemy import select, text

from tests.usage.conftest import NOON, MakePeople, MakeProcess, Process, SetClock, Sums, request
from tests.usage.test_ledger import NOTHING, TODAY, calls
from vitte.core.settings.usage import UsageSettings
from vitte.db.engine import SessionFactory
from vitte.db.models import UsageDay
from vitte.usage.ledger import settlement_of
from vitte.usage.schemas import Spending

_LATER = timedelta(seconds=UsageSettings().reservation_ttl + 1)


async def test_a_call_whose_process_was_killed_counts_as_what_was_reserved(
    process: Process, make_people: MakePeople, sums: Sums, session_factory: SessionFactory
) -> None:
    anna, ben = await make_people(2)
    lost = await process.ledger.reserve(request(anna))
    process.clock.time += _LATER
    going_on = await process.ledger.reserve(request(ben))
    assert await process.sweeper.spending() == Spending(open=2, cost_today=0)
    assert await process.sweeper.expire() == 1
    assert await process.sweeper.expire() == 0
    expired = {"messages": 1, "tokens": 100, "cost": 200, "reserved_tokens": 0, "reserved_cost": 0}
    assert (await sums())[anna, TODAY] == expired
    assert await process.sweeper.spending() == Spending(open=1, cost_today=200)
    # It was not killed after all, and comes back late.
    assert not await process.ledger.settle(settlement_of(lost, refund_message=True, **NOTHING))
    assert (await sums())[anna, TODAY] == expired
    assert await process.ledger.settle(settlement_of(going_on, **NOTHING))
    assert [(one.state, one.outcome) for one in await calls(session_factory)] == [
        ("expired", "expired"),
        ("settled", "complete"),
    ]


async def test_two_sweepers_and_a_late_settlement_close_each_call_once(
    make_process: MakeProcess, make_people: MakePeople, sums: Sums
) -> None:
    everybody = await make_people(40)
    clock = SetClock()
    one, other = make_process(clock=clock), make_process(clock=clock)
    made = await asyncio.gather(*(one.ledger.reserve(request(user_id)) for user_id in everybody))
    clock.time += _LATER
    *settled, here, there = await asyncio.gather(
        *(other.ledger.settle(settlement_of(call, **NOTHING)) for call in made),
        one.sweeper.expire(),
        other.sweeper.expire(),
    )
    # Those that were being settled are passed over, and found by the next sweep if they are still there.
    assert sum(settled) + here + there == 40
    total = (await sums())[None, TODAY]
    assert total == {
        "messages": 40,
        "tokens": 100 * (here + there),
        "cost": 200 * (here + there),
        "reserved_tokens": 0,
        "reserved_cost": 0,
    }


async def test_old_calls_and_days_are_forgotten_and_the_others_kept(
    process: Process, make_people: MakePeople, session_factory: SessionFactory
) -> None:
    everybody = await make_people(3)
    kept, forgotten = timedelta(days=89), timedelta(days=91)
    for age in (forgotten, kept):
        process.clock.time = NOON - age
        for user_id in everybody:
            await process.ledger.settle(
                settlement_of(await process.ledger.reserve(request(user_id)), **NOTHING)
            )
    # One that is open is not forgotten, however old it is.
    process.clock.time = NOON - forgotten
    still_open = await process.ledger.reserve(request(everybody[0]))
    process.clock.time = NOON
    async with session_factory() as session:
        await session.execute(
            text(
                "INSERT INTO usage_days (user_id, day) SELECT id, day"
                " FROM users, unnest(CAST(:days AS date[])) AS days (day)"
            ),
            {"days": [TODAY - timedelta(days=days) for days in (399, 400, 401, 800)]},
        )
        await session.execute(
            text("INSERT INTO bot_days (day) VALUES (:old), (:new)"),
            {"old": TODAY - timedelta(days=401), "new": TODAY - timedelta(days=400)},
        )
        await session.commit()
    assert await process.sweeper.purge() == (3, 6)
    assert await process.sweeper.purge() == (0, 0)
    left = await calls(session_factory)
    assert {one.id for one in left if one.day < TODAY - kept} == {still_open.id}
    assert len(left) == 4
    async with session_factory() as session:
        days = set(await session.scalars(select(UsageDay.day)))
        bot_days = set(await session.scalars(text("SELECT day FROM bot_days")))
    ages = {(TODAY - day).days for day in days}
    assert ages == {89, 91, 399, 400}
    assert {(TODAY - day).days for day in bot_days} == {89, 91, 400}
    assert all(isinstance(day, date) for day in days)
