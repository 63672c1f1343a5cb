"""The bot as its process runs it, with the sandbox as its Telegram."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.patience import PATIENCE
from vitte.core.nursery import Nursery
from vitte.core.settings import Settings
from vitte.embedded.ports import free_port
from vitte.main.bot import serve
from vitte.sandbox.client import SandboxPerson
from vitte.sandbox.llm import Script
from vitte.sandbox.settings import SandboxLimits
from vitte.sandbox.testing import RunningSandbox, running_sandbox


@pytest.fixture
async def sandbox(request: pytest.FixtureRequest, settings: Settings) -> AsyncIterator[RunningSandbox]:
    """A Telegram of the test's own, with Telegram's limits unless the test asks for others."""
    limits: SandboxLimits = getattr(request, "param", SandboxLimits())
    if not limits.enabled:
        settings.outbound.chat_rate = settings.outbound.interactive_rate = 1000
    async with running_sandbox(limits=limits) as sandbox:
        settings.telegram.api_url = sandbox.base_url
        settings.bot.port = free_port()
        yield sandbox


@pytest.fixture
async def bot(settings: Settings, sandbox: RunningSandbox, model: Script) -> AsyncIterator[None]:
    """The whole bot, polling the sandbox; it must stop in order."""
    stop, nursery = asyncio.Event(), Nursery()
    serving = nursery.start(serve(settings, stop), name="bot")
    # The menu is published last, just before the bot begins to take updates in.
    await sandbox.wait_for_calls("setMyCommands", count=2)
    yield
    stop.set()
    async with asyncio.timeout(PATIENCE):
        await serving


@pytest.fixture
async def anna(sandbox: RunningSandbox) -> SandboxPerson:
    """Somebody who speaks Russian."""
    return await sandbox.person("Анна", language_code="ru")


@pytest.fixture
async def ben(sandbox: RunningSandbox) -> SandboxPerson:
    """Somebody who speaks English."""
    return await sandbox.person("Ben", language_code="en")
