"""What the chat page's tests share: a browser, windows of the page, and a bot that a test plays by hand."""

import asyncio
import struct
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from playwright.async_api import Browser, Locator, Page, Route

from tests.patience import PATIENCE
from vitte.sandbox.model import Json
from vitte.sandbox.testing import NO_LIMITS, RunningSandbox, running_sandbox

BOT_ID = 42
DESK = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}

OpenWindow = Callable[..., Awaitable["Window"]]
Routes = dict[str, Callable[[Route], Awaitable[None]]]


class PlayedBot:
    """The bot's side of the Bot API, one step at a time."""

    def __init__(self, sandbox: RunningSandbox) -> None:
        self.sandbox = sandbox
        self._offset = 0
        self._updates: list[Json] = []

    async def heard(self, kind: str = "message") -> Json:
        """Wait for the next update of a kind, passing over others, and return what is in it."""
        async with asyncio.timeout(PATIENCE):
            while True:
                while self._updates:
                    update = self._updates.pop(0)
                    if kind in update:
                        content: Json = update[kind]
                        return content
                self._updates = await self.sandbox.result("getUpdates", offset=self._offset, timeout=5)
                if self._updates:
                    self._offset = self._updates[-1]["update_id"] + 1

    async def say(self, chat_id: int, text: str, **options: Any) -> Json:
        """Send a message."""
        message: Json = await self.sandbox.result("sendMessage", chat_id=chat_id, text=text, **options)
        return message

    async def draft(self, chat_id: int, text: str, **options: Any) -> None:
        """Show a part of an answer."""
        await self.sandbox.result("sendMessageDraft", chat_id=chat_id, draft_id=7, text=text, **options)


class Window:
    """One browser window with the chat page; `page` is Playwright's."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.errors: list[str] = []
        self.addresses: list[str] = []

    def hook(self, name: str) -> Locator:
        """Return what carries this `data-testid`."""
        return self.page.get_by_test_id(name)

    def message(self, text: str) -> Locator:
        """Return the messages with this text in them."""
        return self.hook("message").filter(has_text=text)

    async def write(self, text: str) -> None:
        """Type a message and send it with Enter."""
        await self.hook("composer").fill(text)
        await self.page.keyboard.press("Enter")

    async def calculate(self, script: str) -> Any:
        """Return what an expression gives in the page."""
        return await self.page.evaluate(script)


def png(width: int = 40, height: int = 30) -> bytes:
    """Return a small real picture."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = b"".join(b"\0" + bytes((90, 80, 220)) * width for _ in range(height))
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.fixture
async def world() -> AsyncIterator[RunningSandbox]:
    """A sandbox whose clock is the real one, as the browser's is."""
    async with running_sandbox(limits=NO_LIMITS) as running:
        yield running


@pytest.fixture
async def played(world: RunningSandbox) -> PlayedBot:
    """A bot that the sandbox knows."""
    await world.result("getMe")
    return PlayedBot(world)


@pytest.fixture
async def open_window(chromium: Browser, world: RunningSandbox) -> AsyncIterator[OpenWindow]:
    """Open the page in a window of its own: `await open_window("/?person=1001", viewport=PHONE)`.

    At the end of the test no window may have had a script error, a break of the content policy, or a request
    to anywhere but the sandbox.
    """
    windows: list[Window] = []

    async def open_one(path: str = "/", *, routes: Routes | None = None, **options: Any) -> Window:
        context = await chromium.new_context(**{"viewport": DESK, "locale": "en-US", **options})
        for pattern, handler in (routes or {}).items():
            await context.route(pattern, handler)
        window = Window(await context.new_page())
        windows.append(window)
        page = window.page
        page.set_default_timeout(PATIENCE * 1000)
        page.on("pageerror", lambda error: window.errors.append(str(error)))
        page.on("request", lambda request: window.addresses.append(request.url))
        page.on("console", lambda line: _keep_policy_break(window, line.text))
        # Not until all is loaded: a page that lacks something loads itself again.
        await page.goto(world.base_url + path, wait_until="commit")
        return window

    yield open_one
    for window in windows:
        await window.page.context.close()
        assert window.errors == []
        assert [url for url in window.addresses if not url.startswith(world.base_url)] == []


def _keep_policy_break(window: Window, line: str) -> None:
    if "Content Security Policy" in line:
        window.errors.append(line)
