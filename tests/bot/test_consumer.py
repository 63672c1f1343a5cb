"""Handing updates to their handlers."""

import asyncio
from datetime import timedelta

from sqlalchemy import func
from sqlalchemy import update as update_statement

from vitte.bot.consumer import Consumer
from vitte.core.nursery import Nursery
from vitte.core.settings import Settings
from vitte.db.engine import SessionFactory
from vitte.db.models import InboxUpdate
from vitte.inbox.schemas import ClaimedUpdate
from vitte.inbox.service import InboxService

BOT = 42


async def test_a_process_that_was_frozen_too_long_leaves_its_update_to_whoever_took_it_over(
    settings: Settings, session_factory: SessionFactory
) -> None:
    settings.bot.lease = 0.3
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
    async with asyncio.timeout(10):
        await begun.wait()
        async with session_factory.begin() as session:
            # What another process does when the lease has run out.
            taken = {"attempts": InboxUpdate.attempts + 1, "leased_until": func.now() + timedelta(hours=1)}
            await session.execute(update_statement(InboxUpdate).values(taken))
        await let_go.wait()
        await nursery.stop()
        await consumer.drain(timeout=1)
    async with session_factory() as session:
        row = await session.get_one(InboxUpdate, 1)
        assert (row.state, row.attempts) == ("open", 2)
        assert row.leased_until is not None
