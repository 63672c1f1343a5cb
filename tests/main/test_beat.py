"""The clock's process."""

import json

import aiohttp
from redis.asyncio import Redis

from tests.patience import PATIENCE
from tests.web.processes import running
from vitte.core.clock import utc_now
from vitte.core.settings import Settings
from vitte.worker.schedule import create_schedule

COMMAND = ("-m", "vitte", "run", "beat")


async def test_it_starts_as_if_nothing_had_happened_after_it_was_killed(
    settings: Settings, redis: Redis
) -> None:
    for _ in range(2):
        async with running(*COMMAND, settings=settings) as beat:
            await beat.logged("beat_ready")
            async with aiohttp.ClientSession(f"http://127.0.0.1:{settings.beat.port}") as client:
                async with client.get("/health") as answer:
                    assert (answer.status, await answer.json()) == (200, {"status": "ok"})
                async with client.get("/metrics") as answer:
                    assert "process_cpu_seconds_total" in await answer.text()
            sent: set[str] = set()
            while sent != {entry["task"] for entry in create_schedule(utc_now(), sweep_interval=10).values()}:
                taken = await redis.blpop(["vitte:jobs:ticks"], timeout=PATIENCE)
                assert taken is not None
                sent.add(json.loads(taken[1])["headers"]["task"])
            beat.process.kill()
            await beat.ended()
