"""Hearing of what others have committed."""

import asyncio

from sqlalchemy import func, select, text

from tests.patience import PATIENCE
from vitte.core.nursery import Nursery
from vitte.core.settings import Settings
from vitte.db.listener import Channel, NotificationListener
from vitte.db.transaction import Transaction


class Ear:
    """What was heard, and how often the connection was there."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
        self.connected: asyncio.Queue[str] = asyncio.Queue()

    def channel(self, name: str) -> Channel:
        async def catch_up() -> None:
            self.connected.put_nowait(name)

        return Channel(
            name=name, hear=lambda payload: self.heard.put_nowait((name, payload)), catch_up=catch_up
        )


async def notify(transaction: Transaction, channel: str, payload: str) -> None:
    async with transaction:
        await transaction.session.execute(select(func.pg_notify(channel, payload)))


async def connections(transaction: Transaction) -> list[int]:
    query = (
        "SELECT pid FROM pg_stat_activity"
        " WHERE application_name = 'vitte-listener' AND datname = current_database()"
    )
    async with transaction:
        return list((await transaction.session.scalars(text(query))).all())


async def test_one_connection_hears_all_channels_and_catches_up_when_it_was_lost(
    settings: Settings, transaction: Transaction
) -> None:
    ear, nursery = Ear(), Nursery()
    listener = NotificationListener(settings.database, [ear.channel("one"), ear.channel("two")])
    nursery.start(listener.run(), name="listener")
    async with asyncio.timeout(PATIENCE):
        for _ in range(2):
            assert {await ear.connected.get(), await ear.connected.get()} == {"one", "two"}
            await notify(transaction, "one", "a")
            await notify(transaction, "two", "b")
            assert [await ear.heard.get(), await ear.heard.get()] == [("one", "a"), ("two", "b")]
            (pid,) = await connections(transaction)
            async with transaction:
                await transaction.session.execute(select(func.pg_terminate_backend(pid)))
    await nursery.stop()
