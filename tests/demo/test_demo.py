"""The whole demo: every process, the embedded servers, the real model, a person in a browser."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from vitte.embedded.ports import is_free
from vitte.main.demo.leftovers import PidsFile, marked

pytestmark = [pytest.mark.demo, pytest.mark.timeout(180)]

_PORTS = 10
_START_TIMEOUT = 90
_STOP_TIMEOUT = 10


class Demo:
    """A demo that runs in processes of its own, as a person starts it."""

    def __init__(self, port_base: int, data_dir: Path) -> None:
        self.port_base = port_base
        self.root = data_dir / str(port_base)
        self.data_dir = data_dir
        self.printed = ""
        self.process: asyncio.subprocess.Process | None = None

    @property
    def chat_url(self) -> str:
        return f"http://127.0.0.1:{self.port_base}/"

    @property
    def pids(self) -> dict[str, int]:
        return {name: identity.pid for name, identity in PidsFile(self.root / "pids.json").read().items()}

    async def start(self) -> None:
        self.process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "vitte", "demo"),
            *("--port-base", str(self.port_base), "--data-dir", str(self.data_dir)),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={"PATH": os.defpath, "HOME": str(self.data_dir), "COLUMNS": "200", "VITTE_DEMO_LLM": "local"},
        )
        await self.read_until("Stop with Ctrl-C", seconds=_START_TIMEOUT)

    async def read_until(self, text: str, *, seconds: float) -> None:
        """Read what the demo prints until `text`, or to its end."""
        assert self.process is not None
        assert self.process.stdout is not None
        async with asyncio.timeout(seconds):
            while text not in self.printed:
                line = await self.process.stdout.readline()
                assert line, f"the demo ended without saying {text!r}:\n{self.printed}"
                self.printed += line.decode()

    async def stop(self) -> int:
        """Press Ctrl-C and return the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        return await self.ended(seconds=_STOP_TIMEOUT)

    async def ended(self, *, seconds: float) -> int:
        assert self.process is not None
        async with asyncio.timeout(seconds):
            printed, _ = await self.process.communicate()
        self.printed += printed.decode()
        assert self.process.returncode is not None
        return self.process.returncode

    def left_behind(self) -> list[int]:
        """Return the processes of this demo that still run."""
        return marked(self.root)


@pytest.fixture
async def start_demo(tmp_path: Path, worker_number: int) -> AsyncIterator[Callable[[], Awaitable[Demo]]]:
    """Start demos; what a test leaves running is stopped."""
    base = 21000 + 1000 * worker_number
    async with AsyncExitStack() as stack:

        async def start() -> Demo:
            nonlocal base
            while not all(is_free(port) for port in range(base, base + _PORTS)):
                base += _PORTS
            demo = await stack.enter_async_context(_running(base, tmp_path))
            base += _PORTS
            return demo

        yield start


@asynccontextmanager
async def _running(port_base: int, data_dir: Path) -> AsyncIterator[Demo]:
    demo = Demo(port_base, data_dir)
    try:
        await demo.start()
        yield demo
    finally:
        if demo.process is not None and demo.process.returncode is None:
            demo.process.kill()
            await demo.process.communicate()


async def open_chat(chromium: Browser, demo: Demo) -> Page:
    page = await chromium.new_page(locale="ru-RU", viewport={"width": 1280, "height": 800})
    await page.goto(demo.chat_url)
    await page.get_by_test_id("welcome-create").click()
    return page


@pytest.mark.browser
async def test_a_person_opens_the_chat_and_talks_to_a_real_model_and_it_is_there_the_next_day(
    start_demo: Callable[[], Awaitable[Demo]],
    chromium: Browser,
) -> None:
    demo = await start_demo()
    page = await open_chat(chromium, demo)
    await page.get_by_test_id("start-button").click()
    of_bot = page.locator('[data-testid="message"][data-from="bot"]')
    await expect(of_bot.last).to_contain_text("Я бот Vitte — твой AI-ассистент.", timeout=20_000)

    await page.get_by_test_id("composer").fill("Write a short story about a lighthouse keeper and a storm.")
    await page.get_by_test_id("send-button").click()
    draft = page.get_by_test_id("draft")
    await expect(draft).to_be_visible(timeout=20_000)
    lengths = set()
    while await draft.count():
        lengths.add(
            len(await draft.get_attribute("data-full", timeout=500) or "") if await draft.count() else 0
        )
        if await of_bot.count() == 2:
            break
        await page.wait_for_timeout(100)
    assert len(lengths) >= 2, "the draft did not grow"
    await expect(of_bot).to_have_count(2, timeout=60_000)
    answer = await of_bot.last.inner_text()
    assert len(answer) > 40

    await page.reload()
    await expect(of_bot).to_have_count(2, timeout=20_000)
    assert await of_bot.last.inner_text() == answer
    await page.get_by_test_id("composer").fill("/status")
    await page.get_by_test_id("send-button").click()
    await expect(of_bot.last).to_contain_text("План: Бесплатный", timeout=20_000)
    await expect(of_bot.last).to_contain_text("smollm2")

    assert await demo.stop() == 0
    assert demo.left_behind() == []
    await page.close()

    again = Demo(demo.port_base, demo.data_dir)
    await again.start()
    page = await chromium.new_page(locale="ru-RU")
    await page.goto(f"{again.chat_url}?person=1001")
    await expect(page.locator('[data-testid="message"][data-from="bot"]')).to_have_count(3, timeout=20_000)
    await page.close()
    assert await again.stop() == 0


async def test_the_table_leads_to_pages_that_answer_and_two_demos_run_side_by_side(
    start_demo: Callable[[], Awaitable[Demo]],
) -> None:
    demos = [await start_demo(), await start_demo()]
    for demo in demos:
        urls = re.findall(r"http://127\.0\.0\.1:\d+/[\w/]*", demo.printed)
        assert len(urls) == 4
        for url in urls:
            probe = await asyncio.create_subprocess_exec(
                *(
                    sys.executable,
                    "-c",
                    "import sys, urllib.request as r; r.urlopen(sys.argv[1], timeout=10)",
                    url,
                )
            )
            assert await probe.wait() == 0, url
        assert re.search(r"user admin, password \w{8,}", demo.printed)
    for demo in demos:
        assert await demo.stop() == 0
        assert demo.left_behind() == []


@pytest.mark.parametrize(
    ("part", "title"),
    [
        ("postgres", "PostgreSQL"),
        ("redis", "Redis"),
        ("llm", "Local AI"),
        ("chat", "Chat"),
        ("bot", "Bot"),
        ("api", "API"),
        ("worker", "Background work"),
        ("beat", "Clock"),
        ("admin", "Admin panel"),
    ],
)
async def test_a_part_that_is_killed_is_named_with_its_log_and_everything_stops(
    start_demo: Callable[[], Awaitable[Demo]], part: str, title: str
) -> None:
    demo = await start_demo()
    os.kill(demo.pids[part], signal.SIGKILL)
    assert await demo.ended(seconds=_STOP_TIMEOUT + 2) == 1
    _, told = demo.printed.split("Stop with Ctrl-C", 1)
    assert re.search(rf"^{title} .*SIGKILL", told, re.MULTILINE), told
    assert "The end of" in told
    assert demo.left_behind() == []
