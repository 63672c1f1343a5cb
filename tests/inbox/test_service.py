"""The inbox: nothing lost, nothing twice, each chat in order."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy import update as update_statement
from sqlalchemy.exc import SQLAlchemyError

from tests.patience import PATIENCE
from vitte.core.clock import utc_now
from vitte.core.errors import UnavailableError
from vitte.core.json import loads
from vitte.core.settings import Settings
from vitte.core.settings.backends import DatabaseSettings
from vitte.db.batching import Batcher
from vitte.db.engine import SessionFactory, create_engine, create_session_factory
from vitte.db.listener import Channel, NotificationListener
from vitte.db.models import InboxUpdate
from vitte.db.transaction import Transaction
from vitte.inbox.repository import INBOX_CHANNEL
from vitte.inbox.service import MAX_ATTEMPTS, InboxService

BOT = 42


def update(update_id: int, chat: int) -> dict[str, Any]:
    return {"update_id": update_id, "message": {"chat": {"id": chat}, "text": "hello"}}


@pytest.fixture
def inbox(session_factory: SessionFactory) -> InboxService:
    return InboxService(session_factory)


async def claim(inbox: InboxService, *, lease: float = 60) -> list[int]:
    return [claimed.update_id for claimed in await inbox.claim(BOT, limit=100, lease=lease)]


async def test_an_update_that_comes_again_is_stored_once(inbox: InboxService) -> None:
    assert await inbox.take_in(BOT, [update(1, 5), update(2, 5)]) == 2
    assert await inbox.take_in(BOT, [update(2, 5), update(3, 5), update(3, 5)]) == 1


async def test_the_next_message_of_a_chat_waits_for_the_one_before(inbox: InboxService) -> None:
    await inbox.take_in(BOT, [update(2, 5), update(1, 5), update(3, 6)])
    claimed = await inbox.claim(BOT, limit=100, lease=60)
    assert [item.update_id for item in claimed] == [1, 3]
    assert await claim(inbox) == []
    await inbox.finish(claimed[0])
    assert await claim(inbox) == [2]


async def test_a_pressed_button_does_not_wait_for_the_answer_above_it(inbox: InboxService) -> None:
    button = {"callback_query": {"id": "1", "from": {"id": 5}, "message": {"chat": {"id": 5}}}}
    await inbox.take_in(
        BOT, [update(1, 5), update(2, 5), {"update_id": 3, **button}, {"update_id": 4, **button}]
    )
    assert await claim(inbox) == [1, 3]


async def test_a_command_to_stop_means_what_its_chat_was_busy_with_however_late_it_is_handled(
    inbox: InboxService,
) -> None:
    stop = {"update_id": 4, "message": {"chat": {"id": 5}, "text": "/stop"}}
    await inbox.take_in(BOT, [update(1, 5), update(2, 6), update(3, 5)])
    await inbox.take_in(BOT, [stop, update(5, 5)])
    payload = await inbox.busy_with(BOT, 4)
    assert payload is not None
    assert loads(payload) == update(1, 5)
    first, _, _ = await inbox.claim(BOT, limit=100, lease=60)
    assert await inbox.busy_with(BOT, 4) == payload
    await inbox.finish(first)
    assert await inbox.busy_with(BOT, 4) is None, "the next one is not meant"


async def test_a_command_to_stop_in_a_chat_at_rest_means_nothing(inbox: InboxService) -> None:
    await inbox.take_in(BOT, [update(1, 5)])
    (first,) = await inbox.claim(BOT, limit=1, lease=60)
    await inbox.finish(first)
    await inbox.take_in(
        BOT, [update(2, 6), {"update_id": 3, "message": {"chat": {"id": 5}, "text": "/stop"}}]
    )
    await inbox.take_in(BOT, [update(4, 5)])
    assert await inbox.busy_with(BOT, 3) is None
    assert await inbox.busy_with(BOT, 99) is None


async def test_an_update_that_cannot_be_stored_keeps_no_neighbour_out(
    inbox: InboxService, transaction: Transaction
) -> None:
    add = inbox._add

    async def refuse_two(arrivals: Any) -> list[int]:
        if any(item.update_id == 2 for arrival in arrivals for item in arrival.updates):
            raise SQLAlchemyError
        return await add(arrivals)

    inbox._arrivals = Batcher(refuse_two)
    results = await asyncio.gather(
        *(inbox.take_in(BOT, [update(number, number)]) for number in (1, 2, 3)), return_exceptions=True
    )
    assert [type(result) for result in results] == [int, UnavailableError, int]
    assert await claim(inbox) == [1, 3]


async def test_calls_at_the_same_moment_are_stored_together_and_told_apart(inbox: InboxService) -> None:
    await inbox.take_in(BOT, [update(1, 1)])
    counts = await asyncio.gather(*(inbox.take_in(BOT, [update(number, number)]) for number in range(300)))
    assert sum(counts) == 299
    assert counts[1] == 0


async def test_what_is_done_goes_after_two_days_and_what_is_open_stays(
    inbox: InboxService, transaction: Transaction
) -> None:
    await inbox.take_in(BOT, [update(number, number) for number in range(4)])
    for item in (await inbox.claim(BOT, limit=3, lease=60))[:3]:
        await inbox.finish(item)
    async with transaction:
        aged = update_statement(InboxUpdate).where(InboxUpdate.update_id == 0)
        await transaction.session.execute(aged.values(finished_at=utc_now() - timedelta(hours=49)))
        dead = update_statement(InboxUpdate).where(InboxUpdate.update_id == 1)
        old = utc_now() - timedelta(days=3)
        await transaction.session.execute(dead.values(state="dead", finished_at=old))
    assert await inbox.purge(done_older_than=timedelta(hours=48), dead_older_than=timedelta(days=30)) == 1
    async with transaction:
        kept = await transaction.session.scalars(
            select(InboxUpdate.update_id).order_by(InboxUpdate.update_id)
        )
        assert kept.all() == [1, 2, 3]


async def test_many_bots_share_the_inbox_without_taking_anything_twice(
    session_factory: SessionFactory,
) -> None:
    inboxes = [InboxService(session_factory) for _ in range(4)]
    await inboxes[0].take_in(BOT, [update(number, number % 20) for number in range(200)])
    handled: dict[int, list[int]] = {}
    busy: set[int] = set()

    async def consume(inbox: InboxService) -> None:
        while claimed := await inbox.claim(BOT, limit=3, lease=60):
            for item in claimed:
                chat = item.update_id % 20
                assert chat not in busy, "two updates of one chat at the same moment"
                busy.add(chat)
            await asyncio.sleep(0)
            for item in claimed:
                handled.setdefault(item.update_id % 20, []).append(item.update_id)
                busy.discard(item.update_id % 20)
                await inbox.finish(item)

    while sum(map(len, handled.values())) < 200:
        await asyncio.gather(*(consume(inbox) for inbox in inboxes))
    for numbers in handled.values():
        assert numbers == sorted(set(numbers))


async def test_an_update_whose_bot_died_is_handled_by_another_after_the_lease(inbox: InboxService) -> None:
    await inbox.take_in(BOT, [update(1, 5)])
    (first,) = await inbox.claim(BOT, limit=1, lease=0.05)
    assert first.attempt == 1
    await asyncio.sleep(0.1)
    (second,) = await inbox.claim(BOT, limit=1, lease=60)
    assert (second.update_id, second.attempt) == (1, 2)


async def test_a_lease_that_is_renewed_does_not_run_out(inbox: InboxService) -> None:
    await inbox.take_in(BOT, [update(1, 5)])
    (first,) = await inbox.claim(BOT, limit=1, lease=0.05)
    assert await inbox.renew([first], lease=60) == {first}
    await asyncio.sleep(0.1)
    assert await claim(inbox) == []


async def test_what_a_stopping_bot_gives_back_is_free_at_once_and_no_try_is_counted(
    inbox: InboxService,
) -> None:
    await inbox.take_in(BOT, [update(1, 5)])
    (first,) = await inbox.claim(BOT, limit=1, lease=60)
    await inbox.release([first])
    (again,) = await inbox.claim(BOT, limit=1, lease=60)
    assert again.attempt == 1


async def test_a_bot_that_was_away_too_long_takes_nothing_from_its_successor(inbox: InboxService) -> None:
    await inbox.take_in(BOT, [update(1, 5)])
    (first,) = await inbox.claim(BOT, limit=1, lease=0.05)
    await asyncio.sleep(0.1)
    (second,) = await inbox.claim(BOT, limit=1, lease=60)
    assert await inbox.renew([first], lease=60) == set()
    await inbox.release([first])
    assert not await inbox.fail(first, error="too late", may_retry=False)
    assert await claim(inbox) == [], "the successor still has it"
    await inbox.release([second])
    assert await claim(inbox) == [1]


async def test_an_update_that_keeps_failing_rests_in_view_and_lets_the_next_one_pass(
    inbox: InboxService, session_factory: SessionFactory, transaction: Transaction
) -> None:
    await inbox.take_in(BOT, [update(1, 5), update(2, 5)])
    for attempt in range(1, MAX_ATTEMPTS + 1):
        (item,) = await inbox.claim(BOT, limit=1, lease=60)
        assert (item.update_id, item.attempt) == (1, attempt)
        assert await inbox.fail(item, error="it broke") is (attempt == MAX_ATTEMPTS)
        async with transaction:
            first = update_statement(InboxUpdate).where(InboxUpdate.update_id == 1)
            await transaction.session.execute(first.values(leased_until=None))
    async with transaction:
        row = (await transaction.session.scalars(select(InboxUpdate).filter_by(update_id=1))).one()
    assert (row.state, row.attempts, row.error) == ("dead", 3, "it broke")
    assert row.payload is not None, "the owner wants to see what it was"
    assert await claim(inbox) == [2]


async def test_an_update_that_no_further_try_will_understand_lets_the_next_one_pass_at_once(
    inbox: InboxService,
) -> None:
    await inbox.take_in(BOT, [update(1, 5), update(2, 5)])
    (item,) = await inbox.claim(BOT, limit=1, lease=60)
    assert await inbox.fail(item, error="no update of ours", may_retry=False)
    assert await claim(inbox) == [2]


async def test_a_handled_update_keeps_nothing_of_what_was_said(
    inbox: InboxService, transaction: Transaction
) -> None:
    await inbox.take_in(BOT, [update(1, 5)])
    (item,) = await inbox.claim(BOT, limit=1, lease=60)
    await inbox.finish(item)
    async with transaction:
        row = (await transaction.session.scalars(select(InboxUpdate))).one()
    assert (row.state, row.payload) == ("done", None)
    assert row.finished_at is not None


async def test_a_bot_that_waits_hears_of_an_update_at_once(inbox: InboxService, settings: Settings) -> None:
    listens, heard = asyncio.Event(), asyncio.Event()

    async def catch_up() -> None:
        listens.set()

    channel = Channel(name=INBOX_CHANNEL, hear=lambda _: heard.set(), catch_up=catch_up)
    listener = NotificationListener(settings.database, [channel])
    async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as tasks:
        listening = tasks.create_task(listener.run())
        await listens.wait()
        await inbox.take_in(BOT, [update(1, 5)])
        await heard.wait()
        listening.cancel()


async def test_without_postgresql_an_update_is_refused_and_not_lost_in_between() -> None:
    engine = create_engine(DatabaseSettings(port=9, connect_timeout=1), process="test")
    inbox = InboxService(create_session_factory(engine))
    with pytest.raises(UnavailableError):
        await inbox.take_in(BOT, [update(1, 5)])
    await engine.dispose()


async def test_whoever_brings_updates_may_have_of_each_chat_the_first_as_far_as_there_is_room(
    inbox: InboxService,
) -> None:
    await inbox.take_in(BOT, [update(1, 5)])
    stop = {"update_id": 7, "message": {"chat": {"id": 6}, "text": "/stop"}}
    brought = [update(2, 5), update(3, 6), update(4, 6), update(5, 7), update(6, 8), stop]
    mine = await inbox.take_in_and_claim(BOT, brought, limit=3, lease=60)
    # The fast lane first; the chat 5 is busy, and for the chat 8 there is no room.
    assert [(one.update_id, one.attempt) for one in mine] == [(3, 1), (5, 1), (7, 1)]
    assert loads(mine[0].payload) == update(3, 6)
    assert await inbox.take_in_and_claim(BOT, brought, limit=100, lease=60) == []
    assert await claim(inbox) == [1, 6]
    for one in mine:
        await inbox.finish(one)
    assert await claim(inbox) == [4]


async def test_what_was_brought_and_never_begun_is_for_others_when_the_lease_is_over(
    inbox: InboxService,
) -> None:
    (mine,) = await inbox.take_in_and_claim(BOT, [update(1, 5)], limit=10, lease=0)
    (again,) = await inbox.claim(BOT, limit=10, lease=60)
    assert (again.id, again.attempt) == (mine.id, 2)


async def test_two_who_bring_the_same_updates_do_not_both_have_them(
    inbox: InboxService, session_factory: SessionFactory
) -> None:
    other = InboxService(session_factory)
    brought = [update(number, number) for number in range(50)]
    taken = await asyncio.gather(
        *(one.take_in_and_claim(BOT, brought, limit=100, lease=60) for one in (inbox, other))
    )
    ids = [one.update_id for mine in taken for one in mine]
    assert sorted(ids) == list(range(50))
