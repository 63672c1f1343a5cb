"""How a worker ends."""

import signal

from redis.asyncio import Redis

from tests.chaos.stage import until
from tests.web.processes import RunningProcess
from tests.worker.conftest import Enqueue
from vitte.embedded.proctable import descendants_of, is_running


async def test_a_worker_that_is_told_to_stop_ends_its_job_first(
    worker: RunningProcess, enqueue: Enqueue, redis: Redis
) -> None:
    await enqueue("tests.nap", name="in progress", seconds=1.5)
    await worker.logged("job_started")
    await enqueue("tests.nap", name="waiting", seconds=0)
    assert await worker.stop() == 0
    assert await redis.lrange("ended", 0, -1) == [b"in progress"]
    assert await redis.llen("vitte:jobs:default") == 1
    assert await redis.hlen("vitte:jobs:unacked") == 0


async def test_a_second_signal_ends_it_at_once(
    worker: RunningProcess, enqueue: Enqueue, redis: Redis
) -> None:
    await enqueue("tests.blocks", seconds=60)
    await worker.logged("job_started")
    worker.process.send_signal(signal.SIGTERM)
    await worker.logged("stopping")
    assert await worker.stop(within=2) == 128 + signal.SIGTERM
    # Not lost: it is done again once its lease is over.
    assert await redis.hlen("vitte:jobs:unacked") == 1


async def test_the_processes_of_its_jobs_end_with_it(worker: RunningProcess, enqueue: Enqueue) -> None:
    await enqueue("tests.blocks", seconds=60)
    await worker.logged("job_started")
    children = descendants_of(worker.process.pid)
    assert children
    worker.process.send_signal(signal.SIGTERM)
    await worker.logged("stopping")
    await worker.stop()
    await until(lambda: not any(map(is_running, children)), timeout=10, what="no process of a job is left")
