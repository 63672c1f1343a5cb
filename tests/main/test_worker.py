"""The worker's process."""

from tests.web.processes import running
from vitte.core.job_names import TEST_TASK
from vitte.core.settings import Settings
from vitte.embedded.ports import free_port

COMMAND = ("-m", "vitte", "run", "worker")


async def test_it_takes_what_the_clock_sends_and_ends_when_told(settings: Settings) -> None:
    settings.worker.metrics_port = free_port()
    async with (
        running(*COMMAND, settings=settings) as worker,
        running("-m", "vitte", "run", "beat", settings=settings) as beat,
    ):
        await beat.logged("beat_ready", process="beat")
        await worker.logged("worker_ready", process="worker")
        await worker.logged("test_task_done", job=TEST_TASK)
        assert await beat.stop() == 0
        assert await worker.stop() == 0
    assert not [line for line in (*worker.lines, *beat.lines) if "text" in line]


async def test_it_can_be_stopped_while_redis_is_away(settings: Settings) -> None:
    settings.worker.metrics_port = free_port()
    settings.redis.port = 9
    async with running(*COMMAND, settings=settings) as worker:
        while not any("Cannot connect" in str(line.get("event")) for line in worker.lines):
            await worker.news()
        assert await worker.stop() == 0
