"""The polling door."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from aiohttp import web
from sqlalchemy import func, select

from tests.patience import PATIENCE
from vitte.bot.metrics import POLLS
from vitte.bot.polling import Poller
from vitte.core.nursery import Nursery
from vitte.core.settings import Settings, SettingsError
from vitte.core.settings.backends import DatabaseSettings
from vitte.db.engine import SessionFactory, create_engine, create_session_factory
from vitte.db.models import InboxUpdate
from vitte.db.transaction import Transaction
from vitte.embedded.ports import free_port
from vitte.inbox.service import InboxService
from vitte.main.bot import serve
from vitte.sandbox.client import SandboxPerson
from vitte.sandbox.testing import RunningSandbox


@pytest.fixture
async def nursery() -> AsyncIterator[Nursery]:
    nursery = Nursery()
    yield nursery
    await nursery.stop()


def poller(settings: Settings, session_factory: SessionFactory) -> Poller:
    async def take_in(updates: Sequence[dict[str, Any]]) -> None:
        await inbox.take_in(settings.telegram.bot_id, updates)

    inbox = InboxService(session_factory)
    return Poller(settings.telegram, take_in, allowed_updates=["message"])


async def stored(transaction: Transaction, *, at_least: int) -> int:
    async with asyncio.timeout(PATIENCE):
        while True:
            async with transaction:
                count = await transaction.session.scalar(select(func.count()).select_from(InboxUpdate)) or 0
            if count >= at_least:
                return count
            await asyncio.sleep(0.02)


async def test_nothing_is_acknowledged_while_the_database_is_away(
    sandbox: RunningSandbox,
    anna: SandboxPerson,
    settings: Settings,
    session_factory: SessionFactory,
    transaction: Transaction,
    nursery: Nursery,
) -> None:
    away = create_engine(DatabaseSettings(port=9, connect_timeout=1), process="test")
    await anna.send("one")
    failing = nursery.start(poller(settings, create_session_factory(away)).run(), name="away")
    await sandbox.wait_for_calls("getUpdates", count=2)
    failing.cancel()
    await away.dispose()
    info = await sandbox.result("getWebhookInfo")
    assert info["pending_update_count"] == 1
    nursery.start(poller(settings, session_factory).run(), name="back")
    assert await stored(transaction, at_least=1) == 1


async def test_polling_goes_on_through_every_trouble_of_telegram(
    sandbox: RunningSandbox,
    anna: SandboxPerson,
    settings: Settings,
    session_factory: SessionFactory,
    transaction: Transaction,
    nursery: Nursery,
) -> None:
    for kind in ("502", "disconnect", "429"):
        await sandbox.add_fault(kind, method="getUpdates", times=1, retry_after=1)
    nursery.start(poller(settings, session_factory).run(), name="poller")
    for number in range(3):
        await anna.send(str(number))
    assert await stored(transaction, at_least=3) == 3


async def test_two_bots_that_poll_by_mistake_lose_nothing(
    sandbox: RunningSandbox,
    anna: SandboxPerson,
    settings: Settings,
    session_factory: SessionFactory,
    transaction: Transaction,
    nursery: Nursery,
) -> None:
    told = POLLS.labels(outcome="another_poller")
    before = told._value.get()
    for name in ("one", "two"):
        nursery.start(poller(settings, session_factory).run(), name=name)
    for number in range(10):
        await anna.send(str(number))
        await asyncio.sleep(0.05)
    assert await stored(transaction, at_least=10) == 10
    async with asyncio.timeout(PATIENCE):
        while told._value.get() == before:  # noqa: ASYNC110 - a metric tells nobody
            await asyncio.sleep(0.02)


async def test_a_webhook_that_somebody_else_has_set_is_named_as_the_fault(
    sandbox: RunningSandbox, settings: Settings, session_factory: SessionFactory, nursery: Nursery
) -> None:
    told = POLLS.labels(outcome="webhook_set")
    before = told._value.get()
    await sandbox.result("setWebhook", url="http://127.0.0.1:8443/", secret_token="of-another")
    nursery.start(poller(settings, session_factory).run(), name="poller")
    await sandbox.wait_for_calls("getUpdates", count=2)
    assert told._value.get() > before


async def test_a_token_that_telegram_does_not_know_is_named_as_the_fault(settings: Settings) -> None:
    async def unauthorized(_: web.Request) -> web.Response:
        body = {"ok": False, "error_code": 401, "description": "Unauthorized"}
        return web.json_response(body, status=401)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", unauthorized)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    settings.telegram.api_url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    settings.bot.port = free_port()
    try:
        with pytest.raises(SettingsError, match="VITTE_TELEGRAM__TOKEN"):
            await serve(settings, asyncio.Event())
    finally:
        await runner.cleanup()


async def test_a_bot_that_cannot_reach_telegram_waits_for_it_and_stops_when_told(
    sandbox: RunningSandbox, settings: Settings, nursery: Nursery
) -> None:
    await sandbox.add_fault("disconnect")
    stop = asyncio.Event()
    serving = nursery.start(serve(settings, stop), name="bot")
    await sandbox.wait_for_calls("getMe", count=2)
    assert not serving.done()
    stop.set()
    async with asyncio.timeout(PATIENCE):
        await serving
