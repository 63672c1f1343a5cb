"""When people were last seen: kept for a minute, and not lost."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, select

from tests.chaos.proxy import FaultProxy
from tests.chaos.stage import until_async
from tests.patience import PATIENCE
from vitte.core.nursery import Nursery
from vitte.core.settings import Settings
from vitte.db.engine import SessionFactory, create_engine, create_session_factory
from vitte.db.models import User
from vitte.db.outages import DATABASE_ERRORS
from vitte.embedded.ports import free_port
from vitte.users import presence as presence_module
from vitte.users.presence import Presence

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
FIRST = 1000


@pytest.fixture(autouse=True)
async def people(session_factory: SessionFactory) -> None:
    """Seven hundred people, registered in an order that is not that of their ids."""
    async with session_factory() as session:
        await session.execute(
            insert(User),
            [{"telegram_id": FIRST + number * 11 % 700, "first_name": "A"} for number in range(700)],
        )
        await session.commit()


def writes(statements: list[str]) -> int:
    return sum("UPDATE users" in statement for statement in statements)


async def seen(session_factory: SessionFactory) -> dict[int, datetime]:
    """Return who was seen when, as it is stored."""
    query = select(User.telegram_id, User.last_seen_at).where(User.last_seen_at.is_not(None))
    async with session_factory() as session:
        return {telegram_id: at for telegram_id, at in await session.execute(query) if at is not None}


async def until_seen(session_factory: SessionFactory, count: int) -> None:
    """Wait until it is stored of so many people when they were seen."""

    async def is_stored() -> bool:
        return len(await seen(session_factory)) == count

    await until_async(is_stored, timeout=PATIENCE, what=f"{count} people were seen")


async def test_a_crowd_that_writes_all_the_time_costs_one_statement_an_interval(
    session_factory: SessionFactory, statements: list[str]
) -> None:
    presence, nursery = Presence(session_factory, interval=0.2), Nursery()
    for second in range(60):
        for number in range(150):
            presence.note(FIRST + number, NOON + timedelta(seconds=second))
    assert writes(statements) == 0
    nursery.start(presence.run(), name="presence")
    await until_seen(session_factory, 150)
    # Nobody was there since then.
    await presence.write()
    await nursery.stop()
    assert writes(statements) == 1
    latest = NOON + timedelta(seconds=59)
    assert await seen(session_factory) == {FIRST + number: latest for number in range(150)}


async def test_a_large_crowd_is_written_in_a_few_statements_and_strangers_are_passed_over(
    session_factory: SessionFactory, statements: list[str]
) -> None:
    presence = Presence(session_factory, interval=60)
    for number in range(720):
        presence.note(FIRST + number, NOON)
    await presence.write()
    assert writes(statements) == 3
    assert await seen(session_factory) == dict.fromkeys(range(FIRST, FIRST + 700), NOON)


async def test_nobody_was_last_seen_earlier_than_another_process_knows(
    session_factory: SessionFactory,
) -> None:
    here, there = (Presence(session_factory, interval=60) for _ in range(2))
    here.note(FIRST, NOON + timedelta(seconds=5))
    here.note(FIRST, NOON)
    there.note(FIRST, NOON + timedelta(seconds=3))
    await here.write()
    await there.write()
    assert await seen(session_factory) == {FIRST: NOON + timedelta(seconds=5)}


async def test_processes_that_write_the_same_crowd_at_once_are_not_in_each_others_way(
    session_factory: SessionFactory,
) -> None:
    processes = [Presence(session_factory, interval=60) for _ in range(4)]
    numbers = range(250)
    for turn in range(5):
        for order, process in enumerate(processes):
            for number in numbers if order % 2 else reversed(numbers):
                # In each turn another of them knows best.
                process.note(
                    FIRST + number, NOON + timedelta(minutes=turn, seconds=(order + turn + number) % 4)
                )
        await asyncio.gather(*(process.write() for process in processes))
        latest = NOON + timedelta(minutes=turn, seconds=3)
        assert await seen(session_factory) == {FIRST + number: latest for number in numbers}


async def test_what_cannot_be_written_while_postgresql_is_away_is_written_once_it_is_back(
    settings: Settings, session_factory: SessionFactory
) -> None:
    proxy = FaultProxy(settings.database.port)
    settings.database.port = free_port()
    engine = create_engine(settings.database, process="bot")
    presence = Presence(create_session_factory(engine), interval=0.1)
    presence.note(FIRST, NOON)
    presence.note(FIRST + 1, NOON)
    with pytest.raises(DATABASE_ERRORS):
        await presence.write()
    presence.note(FIRST + 1, NOON + timedelta(seconds=9))
    nursery = Nursery()
    nursery.start(presence.run(), name="presence")
    async with await asyncio.start_server(proxy.accept, "127.0.0.1", settings.database.port):
        await until_seen(session_factory, 2)
        await nursery.stop()
        await engine.dispose()
        await proxy.close()
    assert await seen(session_factory) == {FIRST: NOON, FIRST + 1: NOON + timedelta(seconds=9)}


async def test_an_outage_that_does_not_end_fills_no_memory(
    session_factory: SessionFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence_module, "_MOST", 3)
    presence = Presence(session_factory, interval=60)
    for number in (0, 1, 2, 0, 3):
        presence.note(FIRST + number, NOON + timedelta(seconds=number))
    await presence.write()
    assert sorted(await seen(session_factory)) == [FIRST + 1, FIRST + 2, FIRST + 3]
