"""What a message costs that comes by itself."""

import asyncio

import pytest

from vitte.sandbox.client import SandboxPerson
from vitte.sandbox.testing import NO_LIMITS

_FORGOTTEN_AFTER = 0.6
"""Seconds for which the process knows somebody without asking Redis."""


@pytest.mark.usefixtures("bot")
@pytest.mark.parametrize("sandbox", [NO_LIMITS], indirect=True)
async def test_a_command_asks_redis_once_for_all_that_it_needs(
    ben: SandboxPerson, round_trips: list[int]
) -> None:
    await ben.send("/start")
    await ben.wait_for_message("Hi, Ben")
    await ben.send("/status")
    await ben.wait_for_message("Plan")
    await asyncio.sleep(_FORGOTTEN_AFTER)
    round_trips.clear()
    await ben.send("/help")
    await ben.wait_for_message("/new")
    # Who is asking, and whether the answer may go out.
    assert round_trips == [2]
