"""The clock's process."""

import json

from redis.asyncio import Redis

from tests.web.processes import running
from vitte.core.job_names import CLEAN_UP_OLD_MESSAGES, PURGE_FINISHED, SWEEP_JOBS, TEST_TASK
from vitte.core.settings import Settings

COMMAND = ("-m", "vitte", "run", "beat")


async def test_it_starts_as_if_nothing_had_happened_after_it_was_killed(
    settings: Settings, redis: Redis
) -> None:
    for _ in range(2):
        async with running(*COMMAND, settings=settings) as beat:
            await beat.logged("beat_ready")
            sent: set[str] = set()
            while sent != {TEST_TASK, CLEAN_UP_OLD_MESSAGES, PURGE_FINISHED, SWEEP_JOBS}:
                taken = await redis.blpop(["vitte:jobs:ticks"], timeout=10)
                assert taken is not None
                sent.add(json.loads(taken[1])["headers"]["task"])
            beat.process.kill()
            await beat.ended()
