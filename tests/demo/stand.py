"""A demo in processes of its own, as a person starts it."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from tests.patience import PATIENCE
from tests.ports import free_row
from vitte.main.demo.leftovers import PidsFile, marked

_PORTS = 10
_START_TIMEOUT = 4 * PATIENCE

StartDemo = Callable[[], Awaitable["Demo"]]
TITLES = {
    "postgres": "PostgreSQL",
    "redis": "Redis",
    "llm": "Local AI",
    "chat": "Chat",
    "bot": "Bot",
    "api": "API",
    "worker": "Background work",
    "beat": "Clock",
    "admin": "Admin panel",
}
"""All parts, by the names that their processes have; with those that people are told."""


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
        return await self.ended(seconds=PATIENCE)

    async def ended(self, *, seconds: float) -> int:
        assert self.process is not None
        async with asyncio.timeout(seconds):
            printed, _ = await self.process.communicate()
        self.printed += printed.decode()
        assert self.process.returncode is not None
        return self.process.returncode

    async def is_ended_by_a_kill_of(self, part: str) -> None:
        """Kill a part, and check that it is named, that its log is shown, and that everything stops."""
        os.kill(self.pids[part], signal.SIGKILL)
        assert await self.ended(seconds=PATIENCE) == 1
        _, told = self.printed.split("Stop with Ctrl-C", 1)
        assert re.search(rf"^{TITLES[part]} .*SIGKILL", told, re.MULTILINE), told
        assert "The end of" in told
        await self.leaves_nothing()

    async def leaves_nothing(self) -> None:
        """Wait until no process of this demo is left: the kernel may still be taking one down."""
        async with asyncio.timeout(PATIENCE):
            while self.left_behind():  # noqa: ASYNC110 - the kernel tells nobody
                await asyncio.sleep(0.02)

    def left_behind(self) -> list[int]:
        """Return the processes of this demo that still run."""
        return marked(self.root)


@pytest.fixture
async def start_demo(tmp_path: Path) -> AsyncIterator[StartDemo]:
    """Start demos; what a test leaves running is stopped."""
    async with AsyncExitStack() as stack:
        bases: set[int] = set()

        async def start() -> Demo:
            base = free_row(_PORTS)
            while base in bases:
                base = free_row(_PORTS)
            bases.add(base)
            return await stack.enter_async_context(_running(base, tmp_path))

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
