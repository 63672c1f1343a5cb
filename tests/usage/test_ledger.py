"""What may be spent, and what was."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from tests.servers import connected
from tests.usage.conftest import NOON, MakePeople, MakeProcess, Process, SetClock, Sums, request
from vitte.core.settings import Settings
from vitte.core.settings.usage import UsageSettings
from vitte.db.engine import SessionFactory
from vitte.db.models import UsageCall
from vitte.usage.errors import LimitReachedError
from vitte.usage.ledger import UsageLedger, settlement_of
from vitte.usage.schemas import Limit, Reservation

TODAY = NOON.date()
COMPLETE: dict[str, Any] = {"is_estimated": False, "outcome": "complete"}
NOTHING: dict[str, Any] = {"prompt_tokens": 0, "completion_tokens": 0, **COMPLETE}


async def calls(session_factory: SessionFactory) -> list[UsageCall]:
    async with session_factory() as session:
        return list(await session.scalars(select(UsageCall).order_by(UsageCall.id)))


async def test_what_a_call_took_takes_the_place_of_what_was_reserved(
    ledger: UsageLedger, make_people: MakePeople, sums: Sums, session_factory: SessionFactory
) -> None:
    (anna,) = await make_people()
    reservation = await ledger.reserve(request(anna, dialog_id=7))
    reserved = {"messages": 1, "tokens": 0, "cost": 0, "reserved_tokens": 100, "reserved_cost": 200}
    assert await sums() == {(anna, TODAY): reserved, (None, TODAY): reserved}
    assert await ledger.settle(settlement_of(reservation, prompt_tokens=30, completion_tokens=12, **COMPLETE))
    settled = {"messages": 1, "tokens": 42, "cost": 84, "reserved_tokens": 0, "reserved_cost": 0}
    assert await sums() == {(anna, TODAY): settled, (None, TODAY): settled}
    (call,) = await calls(session_factory)
    assert (call.id, call.user_id, call.dialog_id) == (reservation.id, anna, 7)
    assert (call.kind, call.model, call.state, call.outcome) == ("chat", "scripted", "settled", "complete")
    assert (call.prompt_tokens, call.completion_tokens, call.cost, call.is_estimated) == (30, 12, 84, False)
    assert (call.day, call.created_at, call.settled_at) == (TODAY, NOON, NOON)


async def test_a_call_that_is_settled_twice_counts_once(
    ledger: UsageLedger, make_people: MakePeople, sums: Sums
) -> None:
    (anna,) = await make_people()
    reservation = await ledger.reserve(request(anna))
    assert await ledger.settle(settlement_of(reservation, prompt_tokens=1, completion_tokens=1, **COMPLETE))
    before = await sums()
    again = [
        ledger.settle(
            settlement_of(
                reservation, prompt_tokens=50, completion_tokens=50, refund_message=True, **COMPLETE
            )
        )
        for _ in range(3)
    ]
    assert await asyncio.gather(*again) == [False] * 3
    assert await sums() == before


async def test_a_call_that_ended_in_nothing_gives_its_message_back(
    ledger: UsageLedger, make_people: MakePeople, sums: Sums
) -> None:
    (anna,) = await make_people(messages_per_day=1)
    reservation = await ledger.reserve(request(anna))
    with pytest.raises(LimitReachedError):
        await ledger.reserve(request(anna))
    await ledger.settle(
        settlement_of(reservation, refund_message=True, **NOTHING | {"outcome": "llm_timeout"})
    )
    assert await sums() == {}
    # A title is no message: there is none to give back.
    title = await ledger.reserve(request(anna, kind="title", counts_as_message=False))
    await ledger.settle(settlement_of(title, refund_message=True, **NOTHING))
    assert await sums() == {}
    await ledger.reserve(request(anna))


@pytest.mark.parametrize(
    ("limits", "budget", "limit", "allowed", "renews_in"),
    [
        ({"messages_per_day": 3}, 0, Limit.MESSAGES, 3, timedelta(hours=12)),
        ({"tokens_per_month": 300}, 0, Limit.TOKENS, 300, timedelta(days=21, hours=12)),
        ({"cost_per_day": "0.0006"}, 0, Limit.COST, 600, timedelta(hours=12)),
        ({}, 0.0006, Limit.BUDGET, 600, timedelta(hours=12)),
    ],
)
async def test_at_a_limit_the_next_call_is_not_made_and_the_person_learns_when_it_renews(
    make_process: MakeProcess,
    make_people: MakePeople,
    limits: dict[str, Any],
    budget: float,
    limit: Limit,
    allowed: int,
    renews_in: timedelta,
) -> None:
    clock = SetClock()
    ledger = make_process(clock=clock, settings=UsageSettings(daily_budget=budget)).ledger
    anna, ben = await make_people(2, **limits)
    first, *_ = [await ledger.reserve(request(anna)) for _ in range(3)]
    await ledger.settle(settlement_of(first, prompt_tokens=60, completion_tokens=40, **COMPLETE))
    with pytest.raises(LimitReachedError) as reached:
        await ledger.reserve(request(anna))
    assert (reached.value.limit, reached.value.status) == (limit, 429)
    assert reached.value.params == {"allowed": allowed, "renews_in": renews_in}
    if limit is Limit.BUDGET:
        with pytest.raises(LimitReachedError):
            await ledger.reserve(request(ben))
    else:
        await ledger.reserve(request(ben))
    clock.time = reached.value.renews_at
    await ledger.reserve(request(anna))


async def test_what_is_no_message_goes_on_without_messages(
    ledger: UsageLedger, make_people: MakePeople
) -> None:
    (anna,) = await make_people(messages_per_day=0)
    await ledger.reserve(request(anna, kind="title", counts_as_message=False))
    with pytest.raises(LimitReachedError):
        await ledger.reserve(request(anna))


async def test_a_call_that_took_less_leaves_room_for_another(
    ledger: UsageLedger, make_people: MakePeople
) -> None:
    (anna,) = await make_people(tokens_per_month=100)
    reservation = await ledger.reserve(request(anna))
    await ledger.settle(settlement_of(reservation, prompt_tokens=20, completion_tokens=20, **COMPLETE))
    await ledger.reserve(request(anna, tokens=60))
    with pytest.raises(LimitReachedError):
        await ledger.reserve(request(anna, tokens=1))


async def test_the_days_before_count_for_the_month_and_those_of_another_month_do_not(
    make_process: MakeProcess, make_people: MakePeople
) -> None:
    (anna,) = await make_people(tokens_per_month=100)
    clock = SetClock(NOON.replace(month=4, day=30))
    ledger = make_process(clock=clock).ledger
    await ledger.reserve(request(anna))
    for day, tokens in ((1, 40), (2, 60)):
        clock.time = NOON.replace(day=day)
        await ledger.reserve(request(anna, tokens=tokens))
    for day in (2, 31):
        clock.time = NOON.replace(day=day)
        with pytest.raises(LimitReachedError):
            await ledger.reserve(request(anna, tokens=1))


async def test_a_call_counts_on_the_day_of_its_reservation(
    make_process: MakeProcess, make_people: MakePeople, sums: Sums
) -> None:
    clock = SetClock()
    ledger = make_process(clock=clock).ledger
    (anna,) = await make_people()
    reservation = await ledger.reserve(request(anna))
    clock.time += timedelta(days=1)
    await ledger.settle(settlement_of(reservation, prompt_tokens=1, completion_tokens=1, **COMPLETE))
    assert {day for _, day in await sums()} == {TODAY}


async def test_a_new_plan_and_a_new_limit_hold_from_the_next_call_on(
    ledger: UsageLedger, make_people: MakePeople, session_factory: SessionFactory
) -> None:
    (anna,) = await make_people(messages_per_day=0)
    for change in (
        "UPDATE plans SET messages_per_day = 1",
        # A plan that the table does not name has no limits.
        "UPDATE subscriptions SET plan = 'more'",
    ):
        with pytest.raises(LimitReachedError):
            await ledger.reserve(request(anna))
        async with session_factory() as session:
            await session.execute(text(change))
            await session.commit()
        # Whatever the cache may still say.
        await ledger.reserve(request(anna, plan="free"))


async def test_the_budget_admits_as_many_as_it_is_enough_for_and_no_more(
    make_process: MakeProcess, make_people: MakePeople, sums: Sums
) -> None:
    everybody = await make_people(50)
    ledger = make_process(settings=UsageSettings(daily_budget=0.01)).ledger
    # Large ones and small ones at once: a large one that does not fit keeps no small one out.
    results = await asyncio.gather(
        *(
            ledger.reserve(request(user_id, tokens=3000 if number % 2 else 100))
            for number, user_id in enumerate(everybody)
        ),
        return_exceptions=True,
    )
    admitted = [one for one in results if isinstance(one, Reservation)]
    assert all(isinstance(one, Reservation | LimitReachedError) for one in results)
    spent = (await sums())[None, TODAY]["reserved_cost"]
    assert spent == sum(one.request.cost for one in admitted)
    assert 10_000 - 200 < spent <= 10_000


async def test_a_hundred_calls_at_once_cost_a_few_statements(
    process: Process, make_people: MakePeople, statements: list[str]
) -> None:
    everybody = await make_people(100)
    for number in (1, 2):
        statements.clear()
        made = await asyncio.gather(*(process.ledger.reserve(request(user_id)) for user_id in everybody))
        await asyncio.gather(*(process.ledger.settle(settlement_of(one, **NOTHING)) for one in made))
        if number == 2:
            # One alone and the rest together, of each of the two.
            assert 0 < len(statements) <= 4


async def test_a_call_of_nobody_keeps_nobody_from_theirs(
    ledger: UsageLedger, make_people: MakePeople
) -> None:
    (anna,) = await make_people()
    made = await asyncio.gather(
        ledger.reserve(request(anna)), ledger.reserve(request(anna + 1000)), return_exceptions=True
    )
    assert isinstance(made[0], Reservation)
    assert isinstance(made[1], Exception)


async def test_a_person_without_a_plan_in_the_table_is_answered(
    ledger: UsageLedger, make_people: MakePeople, session_factory: SessionFactory
) -> None:
    (anna,) = await make_people(messages_per_day=0)
    async with session_factory() as session:
        await session.execute(text("DELETE FROM plans"))
        await session.commit()
    await ledger.reserve(request(anna))


async def test_a_settlement_that_postgresql_refuses_spoils_no_answer_and_counts_as_reserved(
    settings: Settings, make_process: MakeProcess, make_people: MakePeople, sums: Sums
) -> None:
    settings.database.lock_timeout = 0.2
    process = make_process()
    (anna,) = await make_people()
    made = await process.ledger.reserve(request(anna))
    before = await sums()
    async with connected(settings.database) as other, other.transaction():
        await other.execute("SELECT FROM bot_days FOR UPDATE")
        assert not await process.ledger.settle(settlement_of(made, **NOTHING))
    assert await sums() == before
    process.clock.time += timedelta(seconds=process.settings.reservation_ttl + 1)
    assert await process.sweeper.expire() == 1
