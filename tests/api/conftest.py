"""The public HTTP interface, as its process serves it."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from tests.web.serving import browsing
from vitte.api.app import create_app
from vitte.core.settings import Settings
from vitte.main.container import make_container


@pytest.fixture
async def client(settings: Settings) -> AsyncIterator[aiohttp.ClientSession]:
    """A client of an interface with its servers there."""
    async with browsing(create_app(settings, make_container(settings, process="api"))) as client:
        yield client
