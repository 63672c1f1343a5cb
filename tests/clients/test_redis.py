"""The client of Redis."""

import asyncio

from tests.patience import PATIENCE
from vitte.clients.redis import connect_redis
from vitte.core.settings import Settings

ROUNDS, TASKS = 40, 8


async def test_whoever_talks_to_redis_can_be_told_to_stop_at_any_moment(settings: Settings) -> None:
    heard = 0

    async def talk() -> None:
        nonlocal heard
        try:
            while True:
                await redis.incr("said")
        except asyncio.CancelledError:
            heard += 1
            raise

    for number in range(ROUNDS):
        async with connect_redis(settings.redis, timeout=PATIENCE) as redis, asyncio.timeout(PATIENCE):
            tasks = [asyncio.create_task(talk()) for _ in range(TASKS)]  # noqa: TID251 - a nursery would help it
            # From before the connection stands until commands come and go.
            await asyncio.sleep(0.0005 * number)
            for task in tasks:
                await asyncio.sleep(0)
                task.cancel()
            await asyncio.wait(tasks)
            said = int(await redis.get("said") or 0)
            assert int(await redis.incr("said")) == said + 1, (
                "an answer was taken for that of another command"
            )
    assert heard == ROUNDS * TASKS
