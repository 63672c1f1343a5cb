"""Waiting for what nobody announces."""

import asyncio
from collections.abc import Callable

from tests.patience import PATIENCE
from vitte.sandbox.testing import RunningSandbox


async def until(condition: Callable[[], bool], *, seconds: float = PATIENCE) -> None:
    """Wait until the condition holds."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - the condition is anything
            await asyncio.sleep(0.005)


async def polling(sandbox: RunningSandbox, bot_id: int = 42) -> None:
    """Wait until a long poll of the bot has arrived."""
    queue = sandbox.world.queue(bot_id)
    await until(lambda: queue.polled)
