"""How a worker ends."""

import signal

from redis.asyncio import Redis

from tests.chaos.stage import until
from tests.patience import PATIENCE
from tests.web.processes import RunningProcess, running
from tests.worker.conftest import WORKER, Enqueue
from vitte.core.settings import Settings
from vitte.embedded.proctable import descendants_of, is_running


async def test_a_worker_that_is_told_to_stop_ends_its_job_first(
    worker: RunningProcess, enqueue: Enqueue, redis: Redis
) -> None:
    await enqueue("tests.waits", name="in progress")
    await worker.logged("job_started")
    await enqueue("tests.nap", name="waiting", seconds=0)
    worker.process.send_signal(signal.SIGTERM)
    await worker.logged("stopping")
    await redis.rpush("go", "on")
    assert await worker.ended() == 0
    assert await redis.lrange("ended", 0, -1) == [b"in progress"]
    assert await redis.llen("vitte:jobs:default") == 1
    assert await redis.hlen("vitte:jobs:unacked") == 0


async def test_a_second_signal_ends_it_at_once(
    worker_settings: Settings, enqueue: Enqueue, redis: Redis
) -> None:
    worker_settings.worker.stop_timeout = 10 * PATIENCE
    async with running(WORKER, settings=worker_settings) as worker:
        await enqueue("tests.blocks", seconds=10 * PATIENCE)
        await worker.logged("job_started")
        worker.process.send_signal(signal.SIGTERM)
        await worker.logged("stopping")
        assert await worker.stop() == 128 + signal.SIGTERM
    # Not lost: it is done again once its lease is over.
    assert await redis.hlen("vitte:jobs:unacked") == 1


async def test_the_processes_of_its_jobs_end_with_it(worker: RunningProcess, enqueue: Enqueue) -> None:
    await enqueue("tests.blocks", seconds=10 * PATIENCE)
    await worker.logged("job_started")
    children = descendants_of(worker.process.pid)
    assert children
    worker.process.send_signal(signal.SIGTERM)
    await worker.logged("stopping")
    await worker.stop()
    await until(
        lambda: not any(map(is_running, children)), timeout=PATIENCE, what="no process of a job is left"
    )
