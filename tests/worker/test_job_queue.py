"""Sending jobs when the queue is in trouble."""

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from tests.patience import PATIENCE
from tests.servers import make_redis
from vitte.clients.jobs import JobQueue
from vitte.core.errors import UnavailableError
from vitte.core.job_names import QUEUE
from vitte.core.settings import Settings


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


async def test_messages_are_counted_while_they_wait(settings: Settings, redis: Redis) -> None:
    jobs = JobQueue(settings)
    assert await jobs.length(QUEUE) == 0
    await asyncio.gather(*(jobs.send([number, number + 1], queue=QUEUE) for number in range(10)))
    assert await jobs.length(QUEUE) == 20
    await redis.flushdb()
    assert await jobs.length(QUEUE) == 0
    await jobs.send([1], queue=QUEUE)
    assert await jobs.length(QUEUE) == 1
    await jobs.close()


async def test_the_sender_is_told_when_the_queue_is_away(settings: Settings) -> None:
    # A refusal is told as such, and not when the time of a silent one is over.
    settings.redis.port, settings.redis.timeout = 9, 10 * PATIENCE
    jobs = JobQueue(settings)
    async with asyncio.timeout(PATIENCE):
        with pytest.raises(UnavailableError):
            await jobs.send([1], queue=QUEUE)
    await jobs.close()


@pytest.mark.servers
async def test_a_sweep_is_told_of_a_redis_that_goes_away_in_the_middle_and_counts_when_it_is_back(
    settings: Settings, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    with make_redis(tmp_path / "redis", oldest=pytestconfig.getoption("--oldest")) as server:
        settings.redis.port, settings.redis.timeout = server.port, PATIENCE
        jobs = JobQueue(settings)
        await jobs.send([1, 2], queue=QUEUE)
        assert await jobs.length(QUEUE) == 2
        server.stop()
        for _ in range(2):
            with pytest.raises(UnavailableError):
                await jobs.length(QUEUE)
        with pytest.raises(UnavailableError):
            await jobs.send([3], queue=QUEUE)
        server.start()
        assert await jobs.length(QUEUE) == 2
        await jobs.close()


async def test_a_silent_queue_stops_neither_the_sender_nor_those_after_it(
    settings: Settings, silent_port: int
) -> None:
    settings.redis.port, settings.redis.timeout = silent_port, 0.3
    jobs = JobQueue(settings)
    for _ in range(3):
        async with asyncio.timeout(PATIENCE):
            results = await asyncio.gather(
                *(jobs.send([1], queue=QUEUE) for _ in range(6)), return_exceptions=True
            )
        assert [type(result) for result in results] == [UnavailableError] * 6
    await jobs.close()
