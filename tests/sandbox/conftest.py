"""A running sandbox, without limits, for every test of it."""

from collections.abc import AsyncIterator

import pytest
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer

from vitte.core.nursery import Nursery
from vitte.sandbox.client import SandboxPerson
from vitte.sandbox.testing import NO_LIMITS, TOKEN, RunningSandbox, running_sandbox
from vitte.sandbox.timing import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def nursery() -> AsyncIterator[Nursery]:
    """Where a test starts what runs beside it."""
    nursery = Nursery()
    yield nursery
    await nursery.stop()


@pytest.fixture
async def sandbox(clock: ManualClock) -> AsyncIterator[RunningSandbox]:
    async with running_sandbox(clock=clock, limits=NO_LIMITS) as running:
        yield running


@pytest.fixture
async def anna(sandbox: RunningSandbox) -> SandboxPerson:
    """Somebody who has written to the bot once."""
    person = await sandbox.person("Anna", last_name="Ivanova", username="anna", language_code="ru")
    await person.send("/start")
    return person


@pytest.fixture
async def bot(sandbox: RunningSandbox) -> AsyncIterator[Bot]:
    session = AiohttpSession(api=TelegramAPIServer.from_base(sandbox.base_url))
    yield Bot(TOKEN, session=session)
    # aiogram's own close() first sleeps a quarter of a second, for the sake of TLS.
    await (await session.create_session()).close()
