"""Handing updates to their handlers."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func
from sqlalchemy import update as update_statement

from tests.patience import PATIENCE
from vitte.bot import consumer as consumer_module
from vitte.bot.consumer import Consumer
from vitte.core.nursery import Nursery
from vitte.core.settings import Settings
from vitte.db.engine import SessionFactory
from vitte.db.listener import Channel, NotificationListener
from vitte.db.models import InboxUpdate
from vitte.db.riders import Effect
from vitte.inbox.repository import INBOX_CHANNEL
from vitte.inbox.schemas import ClaimedUpdate
from vitte.inbox.service import InboxService

BOT = 42


async def test_a_process_that_was_frozen_too_long_leaves_its_update_to_whoever_took_it_over(
    settings: Settings, session_factory: SessionFactory
) -> None:
    settings.bot.lease = 3
    inbox, begun, let_go = InboxService(session_factory), asyncio.Event(), asyncio.Event()

    async def handle(_update: ClaimedUpdate) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            let_go.set()

    async def give_up(_update: ClaimedUpdate) -> None:
        raise AssertionError("it is not ours to give up")

    await inbox.take_in(BOT, [{"update_id": 1, "message": {"chat": {"id": 5}}}])
    consumer = Consumer(inbox, settings.bot, bot_id=BOT, handle=handle, give_up=give_up)
    nursery = Nursery()
    nursery.start(consumer.run(), name="consumer")
    async with asyncio.timeout(PATIENCE):
        await begun.wait()
        async with session_factory.begin() as session:
            # What another process does when the lease has run out.
            taken = {"attempts": InboxUpdate.attempts + 1, "leased_until": func.now() + timedelta(hours=1)}
            await session.execute(update_statement(InboxUpdate).values(taken))
        await let_go.wait()
        await nursery.stop()
        await consumer.drain(timeout=PATIENCE)
    async with session_factory() as session:
        row = await session.get_one(InboxUpdate, 1)
        assert (row.state, row.attempts) == ("open", 2)
        assert row.leased_until is not None


@asynccontextmanager
async def consuming(
    inbox: InboxService, settings: Settings, handle: Callable[[ClaimedUpdate], Awaitable[None]]
) -> AsyncIterator[Consumer]:
    """Run a consumer that hears of what comes in, as a bot's process does."""

    async def give_up(update: ClaimedUpdate) -> None:
        raise AssertionError(f"nothing is wrong with {update.update_id}")

    async def look() -> None:
        consumer.wake()

    consumer = Consumer(inbox, settings.bot, bot_id=BOT, handle=handle, give_up=give_up)
    channel = Channel(name=INBOX_CHANNEL, hear=lambda _: consumer.wake(), catch_up=look)
    nursery = Nursery()
    nursery.start(NotificationListener(settings.database, [channel]).run(), name="listener")
    nursery.start(consumer.run(), name="consumer")
    yield consumer
    await nursery.stop()
    await consumer.drain(timeout=PATIENCE)


@pytest.mark.parametrize("concurrency", [1, 3, 50])
async def test_nobody_waits_for_the_next_look_behind_a_chat_that_writes_on_or_a_full_house(
    settings: Settings, session_factory: SessionFactory, monkeypatch: pytest.MonkeyPatch, concurrency: int
) -> None:
    monkeypatch.setattr(consumer_module, "_LOOK_EVERY", 3600.0)
    settings.bot.concurrency = concurrency
    inbox, chance = InboxService(session_factory), random.Random(concurrency)  # noqa: S311 - no secret
    seen: dict[int, list[int]] = {}
    all_seen = asyncio.Event()

    async def handle(update: ClaimedUpdate) -> None:
        await asyncio.sleep(chance.random() * 0.01)
        seen.setdefault(update.update_id % 5, []).append(update.update_id)
        if sum(map(len, seen.values())) == 150:
            all_seen.set()

    async with consuming(inbox, settings, handle) as consumer, asyncio.timeout(PATIENCE):
        for number in range(150):
            update = {"update_id": number, "message": {"chat": {"id": number % 5 + 1}}}
            # By the webhook of another process, or by this one's own polling.
            if chance.random() < 0.5:
                await inbox.take_in(BOT, [update])
            else:
                await consumer.take_in([update])
            await asyncio.sleep(chance.random() * 0.01)
        await all_seen.wait()
    # Each chat in its order, and nothing twice.
    assert seen == {chat: list(range(chat, 150, 5)) for chat in range(5)}


async def test_what_is_done_is_followed_by_no_look_into_an_empty_inbox(
    settings: Settings, session_factory: SessionFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer_module, "_LOOK_EVERY", 3600.0)
    inbox, looks, done = InboxService(session_factory), asyncio.Queue[int](), asyncio.Event()
    claim, finish = inbox.claim, inbox.finish

    async def look(bot_id: int, *, limit: int, lease: float, only_fast: bool = False) -> list[ClaimedUpdate]:
        found = await claim(bot_id, limit=limit, lease=lease, only_fast=only_fast)
        looks.put_nowait(len(found))
        return found

    async def mark(update: ClaimedUpdate, effects: tuple[Effect, ...]) -> bool:
        is_waited_for = await finish(update, effects)
        done.set()
        return is_waited_for

    async def handle(_update: ClaimedUpdate) -> None:
        pass

    monkeypatch.setattr(inbox, "claim", look)
    monkeypatch.setattr(inbox, "finish", mark)
    consumer = Consumer(inbox, settings.bot, bot_id=BOT, handle=handle, give_up=handle)
    nursery = Nursery()
    nursery.start(consumer.run(), name="consumer")
    async with asyncio.timeout(PATIENCE):
        assert await looks.get() == 0
        await inbox.take_in(BOT, [{"update_id": 1, "message": {"chat": {"id": 5}}}])
        consumer.wake()
        assert await looks.get() == 1
        await done.wait()
    await asyncio.sleep(0.1)
    assert looks.empty()
    await nursery.stop()
    await consumer.drain(timeout=PATIENCE)


async def test_what_is_brought_while_a_process_ends_is_left_to_the_next(
    settings: Settings, session_factory: SessionFactory
) -> None:
    inbox = InboxService(session_factory)

    async def handle(_update: ClaimedUpdate) -> None:
        raise AssertionError("nothing is begun at the end")

    consumer = Consumer(inbox, settings.bot, bot_id=BOT, handle=handle, give_up=handle)
    storing = inbox.take_in_and_claim

    async def store_while_it_ends(*args: Any, **options: Any) -> list[ClaimedUpdate]:
        found = await storing(*args, **options)
        consumer._is_ending = True
        return found

    inbox.take_in_and_claim = store_while_it_ends  # type: ignore[method-assign]
    await consumer.take_in([{"update_id": 1, "message": {"chat": {"id": 5}}}])
    await consumer.drain(timeout=PATIENCE)
    (free,) = await inbox.claim(BOT, limit=10, lease=60)
    # Nobody has begun with it.
    assert free.attempt == 1
