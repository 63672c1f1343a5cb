"""The stack that all tests of containers share: built and started once, broken by each in its way."""

import asyncio
import ssl
import sys
from collections.abc import AsyncIterator, Iterator

import aiohttp
import pytest

from tests.compose.stack import Stack
from vitte.sandbox.client import SandboxClient

_BUILT_WITHIN = "540"


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The product in containers, all of them healthy."""
    stack = Stack(tmp_path_factory.mktemp("compose"))
    stack.compose("down", "--volumes", "--timeout", "0")
    try:
        stack.compose("up", "--detach", "--build", "--wait", "--wait-timeout", _BUILT_WITHIN)
        yield stack
    except BaseException:
        sys.stderr.write(stack.compose("ps", "--all") + stack.compose("logs", "--tail", "30"))
        raise
    finally:
        stack.compose("down", "--volumes", "--timeout", "0")


@pytest.fixture
async def telegram(stack: Stack) -> AsyncIterator[SandboxClient]:
    """The sandbox that plays Telegram, with the bot's webhook known to it."""
    async with SandboxClient(stack.telegram) as client:
        async with asyncio.timeout(60):
            while not (await client.calls(method="setWebhook")):  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.5)
        yield client


@pytest.fixture
async def browser(stack: Stack) -> AsyncIterator[aiohttp.ClientSession]:
    """Somebody who comes in through nginx, and follows no redirects by themselves."""
    # Its certificate is the one of the first start: nobody trusts it.
    unverified = ssl.create_default_context()
    unverified.check_hostname = False
    unverified.verify_mode = ssl.CERT_NONE
    async with aiohttp.ClientSession(
        stack.https,
        connector=aiohttp.TCPConnector(ssl=unverified),
        cookie_jar=aiohttp.CookieJar(unsafe=True),
    ) as client:
        yield client
    # TLS says goodbye after the session is closed, and tells nobody when it has:
    # https://docs.aiohttp.org/en/stable/client_advanced.html#graceful-shutdown
    await asyncio.sleep(0.25)
