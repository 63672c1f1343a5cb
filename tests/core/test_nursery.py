"""Detached tasks are neither lost nor left behind."""

import asyncio
import logging
from contextlib import suppress

import pytest

from tests.patience import PATIENCE
from vitte.core.nursery import Nursery


async def test_a_detached_task_that_fails_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def fail() -> None:
        raise RuntimeError("broken")

    nursery = Nursery()
    with caplog.at_level(logging.ERROR):
        nursery.start(fail(), name="failing")
        assert await nursery.wait(timeout=PATIENCE)
    assert "failing" in caplog.text


async def test_stopping_waits_until_every_task_has_cleaned_up() -> None:
    cleaned = []

    async def work(number: int) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            cleaned.append(number)

    nursery = Nursery()
    for number in range(3):
        nursery.start(work(number), name=f"work-{number}")
    await asyncio.sleep(0)
    assert not await nursery.wait(timeout=0.01)
    await nursery.stop()
    assert sorted(cleaned) == [0, 1, 2]
    assert len(nursery) == 0


async def test_a_task_that_lost_its_cancellation_keeps_nobody_waiting() -> None:
    async def work() -> None:
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        await asyncio.Event().wait()

    nursery = Nursery()
    nursery.start(work(), name="deaf")
    await asyncio.sleep(0)
    async with asyncio.timeout(PATIENCE):
        await nursery.stop(patience=0.01)
    assert len(nursery) == 0
