"""The owner's panel, as its process serves it."""

import re
from collections.abc import AsyncIterator

import aiohttp
import pytest
from fastapi import FastAPI

from tests.web.serving import browsing
from vitte.admin.app import create_app
from vitte.core.settings import Settings
from vitte.main.container import make_container

PASSWORD = "a-password-for-tests"


@pytest.fixture
async def app(settings: Settings) -> FastAPI:
    """The panel; it is closed by whoever serves it."""
    return await create_app(settings, make_container(settings, process="admin"))


@pytest.fixture
async def visitor(app: FastAPI) -> AsyncIterator[aiohttp.ClientSession]:
    """A browser of somebody who is not logged in."""
    async with browsing(app) as client:
        yield client


@pytest.fixture
async def owner(visitor: aiohttp.ClientSession) -> aiohttp.ClientSession:
    """A browser of the owner."""
    assert await log_in(visitor) == 303
    return visitor


async def log_in(client: aiohttp.ClientSession, name: str = "admin", password: str = PASSWORD) -> int:
    """Fill in the login form, and return the status of the answer."""
    async with client.get("/admin/login") as page:
        token = csrf_token(await page.text())
    form = {"username": name, "password": password, "csrftoken": token}
    async with client.post("/admin/login", data=form, allow_redirects=False) as answer:
        return answer.status


def csrf_token(page: str) -> str:
    """Return the token in a page's form."""
    found = re.search(r'name="csrftoken" value="([^"]+)"', page)
    assert found is not None
    return found[1]
