"""Committed work runs, whatever dies."""

import asyncio
import os
import signal
from datetime import timedelta
from pathlib import Path

import aiohttp
from redis.asyncio import Redis
from sqlalchemy import func, select, update

from tests.patience import PATIENCE
from tests.web.processes import RunningProcess, running
from tests.worker.conftest import WORKER, Enqueue, WaitFor, running_with_clock
from vitte.core.clock import utc_now
from vitte.core.settings import Settings
from vitte.db.engine import SessionFactory
from vitte.db.models import Job, JobState, User
from vitte.embedded.ports import free_port


async def effects(session_factory: SessionFactory) -> dict[int, int]:
    """Return how often each greeting came to its end."""
    async with session_factory() as session:
        rows = await session.execute(select(User.telegram_id, User.extra_data["times"].as_integer()))
        return {row[0]: row[1] for row in rows}


def kill_all(process: RunningProcess) -> None:
    """Kill a process and its children at once, as the kernel or a power cut does."""
    pid = process.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    os.kill(pid, signal.SIGSTOP)
    for child in children:
        os.kill(int(child), signal.SIGKILL)
    process.process.kill()


async def test_nothing_is_lost_when_redis_forgets_everything(
    worker_settings: Settings,
    enqueue: Enqueue,
    redis: Redis,
    session_factory: SessionFactory,
    until_jobs_are: WaitFor,
) -> None:
    for number in range(50):
        await enqueue("tests.greet", number=number, seconds=0)
    await redis.flushdb()
    async with running_with_clock(worker_settings) as worker:
        await until_jobs_are(done=50)
        assert await effects(session_factory) == dict.fromkeys(range(50), 1)
        # And while everything runs.
        for number in range(50, 100):
            await enqueue("tests.greet", number=number, seconds=0.01)
        await redis.flushdb()
        await until_jobs_are(done=100)
        assert await effects(session_factory) == dict.fromkeys(range(100), 1)
        assert await worker.logged("jobs_resent")


async def test_nothing_is_lost_when_the_worker_is_killed_again_and_again(
    worker_settings: Settings, enqueue: Enqueue, session_factory: SessionFactory, until_jobs_are: WaitFor
) -> None:
    worker_settings.worker.concurrency = 3
    for number in range(60):
        await enqueue("tests.greet", number=number, seconds=0.05)
    # The visibility time-out brings nothing back in this time: what runs again is the sweeper's doing.
    for _ in range(2):
        async with running_with_clock(worker_settings) as worker:
            await worker.logged("job_started", job="tests.greet", count=8)
            kill_all(worker)
            await worker.ended()
    async with session_factory() as session:
        begun = await session.scalar(
            select(func.count(Job.id)).where(Job.state == JobState.OPEN, Job.attempts > 0)
        )
        assert begun, "no job was in progress"
    async with running_with_clock(worker_settings):
        await until_jobs_are(done=60)
    done = await effects(session_factory)
    assert set(done) == set(range(60))
    # What was cut off between its effect and its mark is the only thing that may have had it again.
    assert sum(done.values()) <= 60 + 2 * worker_settings.worker.concurrency


async def test_nothing_is_lost_that_a_frozen_worker_had_taken(
    worker_settings: Settings, enqueue: Enqueue, session_factory: SessionFactory, until_jobs_are: WaitFor
) -> None:
    async with running_with_clock(worker_settings) as worker:
        worker.process.send_signal(signal.SIGSTOP)
        for number in range(20):
            await enqueue("tests.greet", number=number, seconds=0)
        kill_all(worker)
        await worker.ended()
    async with running_with_clock(worker_settings):
        await until_jobs_are(done=20)
    assert await effects(session_factory) == dict.fromkeys(range(20), 1)


async def test_a_job_that_kills_its_process_is_tried_three_times_and_its_neighbours_are_unharmed(
    worker_settings: Settings,
    enqueue: Enqueue,
    redis: Redis,
    session_factory: SessionFactory,
    until_jobs_are: WaitFor,
) -> None:
    # Celery may need five seconds to notice that a process is gone, so there are some more.
    worker_settings.worker.concurrency, worker_settings.worker.job_lease = 5, 3
    async with running_with_clock(worker_settings) as worker:
        deadly = await enqueue("tests.dies", times=99)
        for number in range(20):
            await enqueue("tests.greet", number=number, seconds=0.05)
        dead = await worker.logged("job_dead", job="tests.dies", job_id=deadly)
        assert "killed" in dead["reason"]
        assert await redis.get("lives") == b"3"
        await until_jobs_are(done=20, dead=1)
        async with session_factory() as session:
            row = await session.get_one(Job, deadly)
            assert (row.state, row.attempts, row.error) == (JobState.DEAD, 3, dead["reason"])
        assert await effects(session_factory) == dict.fromkeys(range(20), 1)
        # A job that is killed once is done at its second try.
        await redis.delete("lives")
        recovered = await enqueue("tests.dies", times=1)
        await worker.logged("job_finished", job_id=recovered, attempt=2)
        assert await redis.lrange("ended", 0, -1) == [b"dies"]
        address = f"http://127.0.0.1:{worker_settings.worker.metrics_port}"
        async with aiohttp.ClientSession(address) as client, asyncio.timeout(PATIENCE):
            counted = ""
            while 'vitte_jobs_open{queue="default"} 0.0' not in counted:
                async with client.get("/metrics") as answer:
                    counted = await answer.text()
        assert 'vitte_jobs_dead_total{name="tests.dies"} 1.0' in counted
        assert 'vitte_jobs_oldest_seconds{queue="default"} 0.0' in counted


async def test_a_failing_job_is_tried_again_later_and_given_up_with_its_reason(
    swept_worker: RunningProcess,
    enqueue: Enqueue,
    session_factory: SessionFactory,
    until_jobs_are: WaitFor,
) -> None:
    job_id = await enqueue("tests.fails")
    later = await enqueue("tests.greet", number=1, seconds=0, run_at=utc_now() + timedelta(seconds=2))
    await swept_worker.logged("job_failed", job_id=job_id, attempt=3)
    dead = await swept_worker.logged("job_dead", job_id=job_id)
    assert dead["reason"] == "ZeroDivisionError: on purpose"
    await until_jobs_are(done=1, dead=1)
    async with session_factory() as session:
        row = await session.get_one(Job, job_id)
        assert (row.state, row.attempts, row.error) == (JobState.DEAD, 3, dead["reason"])
        row = await session.get_one(Job, later)
        assert row.finished_at is not None
        assert row.finished_at >= row.run_at
    begun = [line for line in swept_worker.lines if line.get("event") == "job_started"]
    assert len([line for line in begun if line.get("job_id") == job_id]) == 3


async def test_a_job_that_goes_on_longer_than_its_lease_is_not_begun_twice(
    worker_settings: Settings, enqueue: Enqueue, session_factory: SessionFactory, redis: Redis
) -> None:
    worker_settings.worker.concurrency = 2
    async with running_with_clock(worker_settings) as worker:
        job_id = await enqueue("tests.waits", name="long")
        await worker.logged("job_started", job_id=job_id)
        async with session_factory() as session:
            lease_is_over = await session.scalar(select(Job.leased_until))
        assert lease_is_over is not None
        # The sweeper looks all the time, also after the lease that the job began with.
        while utc_now() < lease_is_over + timedelta(seconds=1):  # noqa: ASYNC110 - it is time that passes
            await asyncio.sleep(0.1)
        await redis.rpush("go", "on")
        await worker.logged("job_finished", job="tests.waits")
    assert await redis.lrange("begun", 0, -1) == [b"long"]


async def test_a_worker_that_was_overtaken_leaves_the_job_to_the_other(
    worker_settings: Settings, enqueue: Enqueue, session_factory: SessionFactory, redis: Redis
) -> None:
    async with running(WORKER, settings=worker_settings) as worker:
        job_id = await enqueue("tests.waits", name="slow")
        await worker.logged("job_started", job_id=job_id)
        async with session_factory() as session:
            await session.execute(update(Job).values(attempts=Job.attempts + 1))
            await session.commit()
        await worker.logged("job_overtaken", job_id=job_id)
        await worker.logged("job_failed", job_id=job_id)
        # It is free for other work, and has not touched the row.
        await enqueue("tests.nap", name="next", seconds=0)
        await worker.logged("job_finished", job="tests.nap")
    assert await redis.lrange("ended", 0, -1) == [b"next"]
    async with session_factory() as session:
        row = await session.get_one(Job, job_id)
        assert (row.state, row.error) == (JobState.OPEN, None)
        assert row.leased_until is not None


async def test_two_workers_and_two_clocks_share_the_work_and_do_none_of_it_twice(
    worker_settings: Settings, enqueue: Enqueue, session_factory: SessionFactory, until_jobs_are: WaitFor
) -> None:
    async with running_with_clock(worker_settings) as one:
        worker_settings.worker.metrics_port = free_port()
        worker_settings.beat.port = free_port()
        async with running_with_clock(worker_settings) as two:
            for number in range(60):
                await enqueue("tests.greet", number=number, seconds=0.02)
            await until_jobs_are(done=60)
            assert await effects(session_factory) == dict.fromkeys(range(60), 1)
            for worker in (one, two):
                assert await worker.logged("job_finished", job="tests.greet")
            before = sum(line.get("event") == "job_started" for line in two.lines)
            for number in range(60, 90):
                await enqueue("tests.greet", number=number, seconds=0.1)
            # In the middle of its share.
            await two.logged("job_started", count=before + 3)
            kill_all(two)
            await until_jobs_are(done=90)
    assert set(await effects(session_factory)) == set(range(90))
