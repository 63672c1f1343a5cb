"""Jobs, from whoever orders them to their end."""

import time

import aiohttp
from redis.asyncio import Redis

from tests.patience import PATIENCE
from tests.web.processes import RunningProcess, running
from tests.worker.conftest import WORKER, Enqueue, SendTick, WaitFor, running_with_clock
from vitte.clients.jobs import JobQueue
from vitte.core.ids import bind_correlation_id
from vitte.core.job_names import LATER_QUEUE, TEST_TASK
from vitte.core.settings import Settings


async def until_counted(client: aiohttp.ClientSession, *lines: str) -> None:
    """Wait for lines of the metrics: what a job's end counts comes after what it logs."""
    counted, deadline = "", time.monotonic() + PATIENCE
    while not all(line in counted for line in lines):
        assert time.monotonic() < deadline, counted
        async with client.get("/metrics") as answer:
            counted = await answer.text()


async def test_a_job_is_done_under_its_senders_correlation_id_and_counted(
    worker: RunningProcess, enqueue: Enqueue, send_tick: SendTick, worker_settings: Settings
) -> None:
    bind_correlation_id("of-the-sender")
    job_id = await enqueue("tests.nap", name="one", seconds=0)
    line = await worker.logged(
        "job_finished", job="tests.nap", job_id=job_id, correlation_id="of-the-sender", process="worker"
    )
    assert line["seconds"] >= 0
    bind_correlation_id("of-another")
    await enqueue("tests.fails")
    failed = await worker.logged(
        "job_failed", job="tests.fails", correlation_id="of-another", outcome="failed", attempt=1
    )
    assert "on purpose" in failed["exception"]
    send_tick(TEST_TASK)
    tick = await worker.logged("test_task_done", job=TEST_TASK)
    assert tick["correlation_id"] not in {"of-the-sender", "of-another"}
    await enqueue("tests.nap", name="two", seconds=0)
    await worker.logged("job_finished", job="tests.nap", count=2)

    address = f"http://127.0.0.1:{worker_settings.worker.metrics_port}"
    async with aiohttp.ClientSession(address) as client:
        await until_counted(
            client,
            'vitte_jobs_total{name="tests.nap",outcome="finished"} 2.0',
            'vitte_jobs_total{name="tests.fails",outcome="failed"} 1.0',
            f'vitte_job_seconds_count{{name="{TEST_TASK}"}} 1.0',
        )
        async with client.get("/health") as answer:
            assert (answer.status, await answer.json()) == (200, {"status": "ok"})
        async with client.get("/nothing") as answer:
            assert answer.status == 404


async def test_all_jobs_of_a_process_share_its_connections(
    worker: RunningProcess, enqueue: Enqueue, redis: Redis
) -> None:
    for number in range(25):
        await enqueue("tests.ask_backends", number=number)
    await worker.logged("job_finished", job="tests.ask_backends", count=25)
    assert not [line for line in worker.lines if line.get("event") == "job_failed"]
    used = await redis.lrange("connections", 0, -1)
    assert len(used) == 25
    assert len({str(connection).partition(":")[2] for connection in used}) == 1


async def test_jobs_that_wait_for_a_model_wait_together(
    worker: RunningProcess, enqueue: Enqueue, redis: Redis, until_jobs_are: WaitFor
) -> None:
    # The only process is busy until all of them are there.
    await enqueue("tests.waits", name="first")
    await worker.logged("job_started", job="tests.waits")
    for name in ("a", "b", "c"):
        bind_correlation_id(f"of-{name}")
        await enqueue("tests.asks", name=name)
    await redis.rpush("go", "on")
    await until_jobs_are(done=4)
    assert {b"a", b"b", b"c"} <= set(await redis.lrange("ended", 0, -1))
    # Each speaks for itself.
    for name in ("a", "b", "c"):
        await worker.logged("asking", name=name, correlation_id=f"of-{name}", job="tests.asks")
        await worker.logged("job_finished", job="tests.asks", correlation_id=f"of-{name}")


async def test_a_job_that_kills_its_process_takes_no_other_with_it_for_good(
    worker_settings: Settings, enqueue: Enqueue, redis: Redis, until_jobs_are: WaitFor
) -> None:
    async with running_with_clock(worker_settings) as worker:
        await enqueue("tests.waits", name="first")
        await worker.logged("job_started", job="tests.waits")
        for name in ("dies", "a", "b"):
            await enqueue("tests.asks", name=name)
        await redis.rpush("go", "on")
        await until_jobs_are(done=3, dead=1)
        assert {b"a", b"b"} <= set(await redis.lrange("ended", 0, -1))
        await worker.logged("job_dead", job="tests.asks")


async def test_a_job_that_takes_too_long_ends_and_leaves_the_next_one_alone(
    worker_settings: Settings, enqueue: Enqueue, redis: Redis
) -> None:
    worker_settings.worker.job_timeout = 4
    async with running(WORKER, settings=worker_settings) as worker:
        await enqueue("tests.never_ends")
        await worker.logged("job_failed", job="tests.never_ends", outcome="timed_out")
        signs_of_life = await redis.get("signs_of_life")
        await enqueue("tests.nap", name="after", seconds=0.3)
        await worker.logged("job_finished", job="tests.nap")
    assert await redis.get("signs_of_life") == signs_of_life
    assert await redis.lrange("ended", 0, -1) == [b"after"]


async def test_a_job_that_blocks_its_process_is_ended_with_it(
    worker_settings: Settings, enqueue: Enqueue, redis: Redis
) -> None:
    worker_settings.worker.job_timeout, worker_settings.worker.time_limit = 9, 10
    async with running(WORKER, settings=worker_settings) as worker:
        await enqueue("tests.blocks", seconds=10 * PATIENCE)
        await enqueue("tests.nap", name="after the block", seconds=0)
        await worker.logged("job_finished", job="tests.nap")
    assert await redis.lrange("ended", 0, -1) == [b"after the block"]


async def test_a_tick_does_not_wait_behind_a_heap_of_jobs(
    worker: RunningProcess, enqueue: Enqueue, send_tick: SendTick, redis: Redis
) -> None:
    await enqueue("tests.waits", name="first")
    await worker.logged("job_started", job="tests.waits")
    for number in range(30):
        await enqueue("tests.nap", name=str(number), seconds=0)
    send_tick(TEST_TASK)
    await redis.rpush("go", "on")
    await worker.logged("job_finished", job="tests.nap", count=30)
    done = [line["event"] for line in worker.lines if line.get("event") in {"test_task_done", "job_finished"}]
    assert done.index("test_task_done") < 5, done


async def test_what_nobody_looks_for_waits_until_nothing_else_does(
    worker: RunningProcess,
    worker_settings: Settings,
    enqueue: Enqueue,
    send_tick: SendTick,
    redis: Redis,
) -> None:
    await enqueue("tests.waits", name="first")
    await worker.logged("job_started", job="tests.waits")
    later = [await enqueue("tests.nap", name="later", seconds=0, queue=LATER_QUEUE) for _ in range(5)]
    queue = JobQueue(worker_settings)
    await queue.send(later, queue=LATER_QUEUE)
    await queue.close()
    for _ in range(5):
        await enqueue("tests.nap", name="wanted", seconds=0)
        send_tick(TEST_TASK)
    await redis.rpush("go", "on")
    await worker.logged("job_finished", job="tests.nap", count=10)
    assert await redis.lrange("ended", 1, -1) == [b"wanted"] * 5 + [b"later"] * 5
    done = [line["event"] for line in worker.lines if line.get("event") in {"test_task_done", "job_finished"}]
    assert done[-5:] == ["job_finished"] * 5


async def test_a_job_that_this_worker_does_not_know_fails_like_any_other(
    worker: RunningProcess, enqueue: Enqueue
) -> None:
    job_id = await enqueue("tests.of_another_version")
    failed = await worker.logged("job_unknown", job_id=job_id, job="tests.of_another_version")
    assert failed["level"] == "error"
