"""A process of the product, started as an operator starts it."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pydantic import BaseModel, SecretStr

from tests.patience import PATIENCE
from vitte.core.nursery import Nursery
from vitte.core.settings import Settings
from vitte.core.settings.root import variable


class RunningProcess:
    """A process and the JSON lines that it has logged so far."""

    def __init__(self, process: asyncio.subprocess.Process, folder: Path) -> None:
        self.process = process
        self.folder = folder
        """Its folder for temporary files."""
        self.lines: list[dict[str, Any]] = []
        self._news = asyncio.Condition()

    async def logged(self, event: str, *, count: int = 1, **fields: Any) -> dict[str, Any]:
        """Wait for the `count`-th line of `event` with these fields, and return it."""
        wanted = {"event": event, **fields}

        def found() -> list[dict[str, Any]]:
            return [line for line in self.lines if wanted.items() <= line.items()]

        async with self._news:
            try:
                await asyncio.wait_for(self._news.wait_for(lambda: len(found()) >= count), PATIENCE)
            except TimeoutError:
                raise AssertionError(f"no {wanted} in {self.lines}") from None
        return found()[count - 1]

    async def news(self) -> None:
        """Wait for any line."""
        async with self._news:
            await asyncio.wait_for(self._news.wait(), PATIENCE)

    async def stop(self, number: signal.Signals = signal.SIGTERM, *, within: float = PATIENCE) -> int:
        """Send a signal, and return the exit code."""
        self.process.send_signal(number)
        return await self.ended(within=within)

    async def ended(self, *, within: float = PATIENCE) -> int:
        """Wait for the end, and return the exit code."""
        return await asyncio.wait_for(self.process.wait(), within)

    async def read(self) -> None:
        """Collect lines until the process ends."""
        assert self.process.stderr is not None
        async for raw in self.process.stderr:
            line = raw.decode()
            async with self._news:
                self.lines.append(json.loads(line) if line.startswith("{") else {"text": line})
                self._news.notify_all()


@asynccontextmanager
async def running(*arguments: str | Path, settings: Settings) -> AsyncIterator[RunningProcess]:
    """Run Python with these arguments and settings, until the block ends at the latest."""
    # What a killed process leaves behind goes with its folder.
    folder = TemporaryDirectory(prefix="vitte-test-process-")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *arguments,
        env=environment(settings) | {"TMPDIR": folder.name},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    nursery = Nursery()
    running_process = RunningProcess(process, Path(folder.name))
    nursery.start(running_process.read(), name="log")
    try:
        yield running_process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await nursery.wait(timeout=PATIENCE)
        await nursery.stop()
        folder.cleanup()


def environment(settings: Settings) -> dict[str, str]:
    """Return settings as the environment that they would have come from."""
    variables = {"VITTE_ENV_FILE": "", "VITTE_ENVIRONMENT": settings.environment}
    for section, model in settings:
        if isinstance(model, BaseModel):
            for name, value in model:
                variables[variable(f"{section}.{name}")] = _as_text(value)
    return variables


def _as_text(value: Any) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return json.dumps(value) if isinstance(value, bool | list) else str(value)
