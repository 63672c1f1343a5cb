"""How a worker ends."""

import signal

from redis.asyncio import Redis

from tests.web.processes import RunningProcess
from vitte.clients.jobs import JobQueue


async def test_a_worker_that_is_told_to_stop_ends_its_job_first(
    worker: RunningProcess, jobs: JobQueue, redis: Redis
) -> None:
    await jobs.send("tests.nap", "in progress", 1.5)
    await worker.logged("job_started")
    await jobs.send("tests.nap", "waiting", 0)
    assert await worker.stop() == 0
    assert await redis.lrange("ended", 0, -1) == [b"in progress"]
    assert await redis.llen("vitte:jobs:default") == 1
    assert await redis.hlen("vitte:jobs:unacked") == 0


async def test_a_second_signal_ends_it_at_once(worker: RunningProcess, jobs: JobQueue, redis: Redis) -> None:
    await jobs.send("tests.blocks", 60)
    await worker.logged("job_started")
    worker.process.send_signal(signal.SIGTERM)
    await worker.logged("stopping")
    assert await worker.stop(within=2) == 128 + signal.SIGTERM
    # Not lost: it is done again once the visibility time-out is over.
    assert await redis.hlen("vitte:jobs:unacked") == 1
