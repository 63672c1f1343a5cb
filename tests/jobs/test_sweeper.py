"""The sweeper: what Redis does not know of any more is sent, once."""

import asyncio
from datetime import timedelta

from redis.asyncio import Redis
from sqlalchemy import func, select

from tests.jobs.conftest import MESSAGES, ChangeJobs, Enqueue, ReadJob, told
from vitte.clients.jobs import JobQueue
from vitte.db.engine import SessionFactory
from vitte.db.models import Job, JobState
from vitte.jobs.leases import MAX_ATTEMPTS, JobLeases
from vitte.jobs.sweeper import JobSweeper

_A_MINUTE_AGO = "sent_at = sent_at - interval '1 minute', run_at = run_at - interval '1 minute'"


async def store(session_factory: SessionFactory, *, count: int, sent: bool) -> None:
    async with session_factory() as session:
        session.add_all(
            Job(name="tests.any", args={}, queue="default", sent_at=func.now() if sent else None)
            for _ in range(count)
        )
        await session.commit()


async def test_two_sweepers_at_once_send_nothing_twice_and_the_oldest_first(
    session_factory: SessionFactory, sweeper: JobSweeper, redis: Redis
) -> None:
    await store(session_factory, count=900, sent=False)
    sent = await asyncio.gather(*(sweeper.send() for _ in range(4)))
    assert sum(sent) == 900
    assert sorted(await told(redis, count=900)) == list(range(1, 901))
    assert await redis.llen(MESSAGES) == 0
    await store(session_factory, count=3, sent=False)
    assert await sweeper.send() == 3
    assert await told(redis, count=3) == [901, 902, 903]


async def test_a_heap_of_jobs_does_not_fill_redis_and_all_of_it_is_sent_in_time(
    session_factory: SessionFactory, sweeper: JobSweeper, redis: Redis
) -> None:
    await store(session_factory, count=1700, sent=False)
    assert await sweeper.send() == 1000
    assert await sweeper.send() == 0
    assert await told(redis, count=600) == list(range(1, 601))
    assert await sweeper.send() == 600
    assert await told(redis, count=1000) == list(range(601, 1601))
    assert await sweeper.send() == 100
    assert await redis.llen(MESSAGES) == 100


async def test_jobs_that_wait_for_their_turn_are_not_sent_again(
    session_factory: SessionFactory,
    queue: JobQueue,
    sweeper: JobSweeper,
    change_jobs: ChangeJobs,
    redis: Redis,
) -> None:
    await store(session_factory, count=20, sent=True)
    await queue.send(range(1, 21), queue="default")
    await change_jobs(_A_MINUTE_AGO)
    assert await sweeper.send() == 0
    # Of twenty messages one is lost; nobody can say which, so that the oldest is sent again.
    await told(redis, count=1)
    assert await sweeper.send() == 1
    assert await sweeper.send() == 0
    assert await redis.llen(MESSAGES) == 20


async def test_all_that_redis_has_forgotten_is_sent_again(
    session_factory: SessionFactory, sweeper: JobSweeper, change_jobs: ChangeJobs, redis: Redis
) -> None:
    await store(session_factory, count=700, sent=True)
    assert await sweeper.send() == 0, "they may be on their way"
    await redis.flushdb()
    await change_jobs(_A_MINUTE_AGO)
    assert await sweeper.send() == 700
    assert await told(redis, count=700) == list(range(1, 701))


async def test_a_job_that_killed_its_process_in_every_try_is_given_up_and_says_why(
    enqueue: Enqueue, leases: JobLeases, sweeper: JobSweeper, change_jobs: ChangeJobs, read_job: ReadJob
) -> None:
    job_id = await enqueue()
    for attempt in range(1, MAX_ATTEMPTS + 1):
        assert await leases.claim(job_id) is not None
        assert await sweeper.send() == 0
        assert await sweeper.bury() == []
        await change_jobs("leased_until = now() - interval '1 second'")
        if attempt < MAX_ATTEMPTS:
            assert await sweeper.bury() == []
            await change_jobs(_A_MINUTE_AGO)
            assert await sweeper.send() == 1
    assert await leases.claim(job_id) is None
    assert [job.id for job in await sweeper.bury()] == [job_id]
    assert await sweeper.bury() == []
    row = await read_job(job_id)
    assert row.state == JobState.DEAD
    assert "killed" in str(row.error)
    assert row.finished_at is not None


async def test_what_is_open_is_counted_with_the_wait_of_the_oldest(
    enqueue: Enqueue, leases: JobLeases, sweeper: JobSweeper, change_jobs: ChangeJobs
) -> None:
    backlog = (await sweeper.backlogs())["default"]
    assert (backlog.open, backlog.oldest) == (0, 0)
    job_ids = [await enqueue() for _ in range(3)]
    await change_jobs("run_at = now() - id * interval '1 minute'")
    job = await leases.claim(job_ids[-1])
    assert job is not None
    await leases.finish(job)
    backlog = (await sweeper.backlogs())["default"]
    assert backlog.open == 2
    assert 120 <= backlog.oldest < 180
    await change_jobs("run_at = now() + interval '1 minute'")
    assert (await sweeper.backlogs())["default"].oldest == 0


async def test_finished_jobs_are_forgotten_after_their_time(
    session_factory: SessionFactory, sweeper: JobSweeper, change_jobs: ChangeJobs
) -> None:
    await store(session_factory, count=9, sent=True)
    await change_jobs(
        "state = (ARRAY['open', 'done', 'dead'])[1 + id % 3], finished_at = now() - id * interval '1 hour'"
    )
    purged = await sweeper.purge(done_older_than=timedelta(hours=3.5), dead_older_than=timedelta(hours=6))
    assert purged == 3  # done: 4 and 7; dead: 8
    async with session_factory() as session:
        left = (await session.execute(select(Job.id, Job.state).order_by(Job.id))).all()
    assert [(row.id, row.state) for row in left] == [
        (1, "done"),
        (2, "dead"),
        (3, "open"),
        (5, "dead"),
        (6, "open"),
        (9, "open"),
    ]
