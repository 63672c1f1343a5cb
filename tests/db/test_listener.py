"""Hearing of what others have committed."""

import asyncio

import pytest
from sqlalchemy import func, select, text

from tests.chaos.proxy import running_proxy
from tests.patience import PATIENCE
from vitte.core.nursery import Nursery
from vitte.core.settings import Settings
from vitte.db import listener
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


async def test_a_server_that_is_gone_without_a_word_is_missed(
    settings: Settings, transaction: Transaction, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener, "_ASK_EVERY", 0.05)
    monkeypatch.setattr(listener, "_ANSWER_WITHIN", 1.0)
    ear, nursery = Ear(), Nursery()
    async with running_proxy(settings.database.port) as proxy, asyncio.timeout(PATIENCE):
        database = settings.database.model_copy(update={"port": proxy.port})
        nursery.start(NotificationListener(database, [ear.channel("one")]).run(), name="listener")
        assert await ear.connected.get() == "one"
        proxy.lose(b"SELECT 1")
        await proxy.lost.wait()
        proxy.pass_all()
        assert await ear.connected.get() == "one"
        await notify(transaction, "one", "heard")
        assert await ear.heard.get() == ("one", "heard")
        await nursery.stop()


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
    both = [ear.channel("one"), ear.channel("two")]
    nursery.start(NotificationListener(settings.database, both).run(), name="listener")
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
