"""Ordering jobs: with the transaction, whatever becomes of Redis."""

import asyncio
import base64
import json
import socket
from collections.abc import Iterator
from datetime import timedelta

import pytest
from redis.asyncio import Redis
from sqlalchemy import func, select

from tests.jobs.conftest import MESSAGES, ChangeJobs, Enqueue, ReadJob, told
from tests.patience import PATIENCE
from vitte.clients.jobs import JobQueue
from vitte.core.clock import utc_now
from vitte.core.ids import bind_correlation_id
from vitte.core.job_names import LATER_QUEUE
from vitte.core.settings import Settings
from vitte.db.engine import SessionFactory
from vitte.db.models import Job, JobState
from vitte.db.transaction import Transaction
from vitte.jobs.leases import JobLeases
from vitte.jobs.repository import JobRepository
from vitte.jobs.service import JobService
from vitte.jobs.sweeper import JobSweeper

_MANY = 150


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


async def test_a_job_is_a_row_and_the_message_says_no_more_than_its_id(
    enqueue: Enqueue, read_job: ReadJob, redis: Redis
) -> None:
    bind_correlation_id("of-the-sender")
    job_id = await enqueue("tests.any", dialog_id=7, words=["да", None])
    taken = await redis.brpop([MESSAGES], timeout=PATIENCE)
    assert taken is not None
    message = json.loads(taken[1])
    body = json.loads(base64.b64decode(message["body"]))
    assert body[:2] == [[job_id], {}]
    assert "да" not in str(message)
    assert "dialog_id" not in str(message)
    job = await read_job(job_id)
    assert (job.name, job.args) == ("tests.any", {"dialog_id": 7, "words": ["да", None]})
    assert (job.state, job.attempts, job.correlation_id) == (JobState.OPEN, 0, "of-the-sender")
    assert await redis.llen(MESSAGES) == 0


async def test_a_job_is_gone_with_the_transaction_that_ordered_it(
    transaction: Transaction, service: JobService, session_factory: SessionFactory, redis: Redis
) -> None:
    async def order_and_fail() -> None:
        async with transaction:
            await service.enqueue("tests.any")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await order_and_fail()
    async with transaction:
        kept = await service.enqueue("tests.any")
    assert await told(redis, count=1) == [kept]
    assert await redis.llen(MESSAGES) == 0
    async with session_factory() as session:
        assert await session.scalar(select(func.count(Job.id))) == 1


async def test_a_job_cannot_be_ordered_outside_a_transaction(service: JobService) -> None:
    with pytest.raises(RuntimeError, match="no transaction is open"):
        await service.enqueue("tests.any")


@pytest.mark.parametrize("trouble", ["away", "silent"])
async def test_whoever_orders_a_job_waits_for_no_redis_and_the_job_is_sent_later(
    settings: Settings,
    transaction: Transaction,
    silent_port: int,
    sweeper: JobSweeper,
    change_jobs: ChangeJobs,
    redis: Redis,
    trouble: str,
) -> None:
    there = settings.model_copy(deep=True)
    there.redis.port, there.redis.timeout = (9 if trouble == "away" else silent_port), 0.5
    queue = JobQueue(there)
    service = JobService(transaction, JobRepository(transaction), queue)
    ordered = []
    # If each waited for its message, all together would take longer than this.
    assert _MANY * there.redis.timeout > PATIENCE
    async with asyncio.timeout(PATIENCE):
        for _ in range(_MANY):
            async with transaction:
                ordered.append(await service.enqueue("tests.any"))
        await queue.close()
    assert await sweeper.send() == 0, "the messages may still be on their way"
    await change_jobs("sent_at = sent_at - interval '1 minute', run_at = run_at - interval '1 minute'")
    assert await sweeper.send() == _MANY
    assert await told(redis, count=_MANY) == ordered


async def test_messages_on_their_way_are_sent_before_the_process_ends(
    settings: Settings, transaction: Transaction, redis: Redis
) -> None:
    queue = JobQueue(settings)
    service = JobService(transaction, JobRepository(transaction), queue)
    async with transaction:
        for _ in range(50):
            await service.enqueue("tests.any")
    await queue.close()
    assert await redis.llen(MESSAGES) == 50
    assert len(await redis.keys("vitte:jobs:*")) == len(await redis.keys())


async def test_a_job_for_later_is_sent_when_its_time_has_come(
    enqueue: Enqueue, sweeper: JobSweeper, change_jobs: ChangeJobs, redis: Redis
) -> None:
    job_id = await enqueue(run_at=utc_now() + timedelta(hours=1))
    assert await sweeper.send() == 0
    assert await redis.llen(MESSAGES) == 0
    await change_jobs("run_at = now() - interval '1 second'")
    assert await sweeper.send() == 1
    assert await told(redis, count=1) == [job_id]
    assert await sweeper.send() == 0


async def test_a_heap_of_what_nobody_looks_for_fills_no_redis(
    service: JobService, transaction: Transaction, sweeper: JobSweeper, redis: Redis
) -> None:
    async with transaction:
        ordered = [await service.enqueue("tests.any", queue=LATER_QUEUE) for _ in range(3)]
        wanted = await service.enqueue("tests.any")
    assert await told(redis, count=1) == [wanted]
    assert await sweeper.send() == len(ordered)


async def test_what_waits_already_is_not_ordered_again(
    enqueue: Enqueue, leases: JobLeases, session_factory: SessionFactory
) -> None:
    first = await enqueue("tests.any", queue=LATER_QUEUE, unique_key="7")
    assert await enqueue("tests.any", queue=LATER_QUEUE, unique_key="7") is None
    assert await enqueue("tests.any", queue=LATER_QUEUE, unique_key="8")
    assert await enqueue("tests.other", queue=LATER_QUEUE, unique_key="7")
    assert await enqueue("tests.any", queue=LATER_QUEUE)
    assert await enqueue("tests.any", queue=LATER_QUEUE)
    # What goes on may have looked already, before what the next one is about was there.
    job = await leases.claim(first)
    assert job is not None
    assert await enqueue("tests.any", queue=LATER_QUEUE, unique_key="7")
    assert await leases.fail(job, error="for a test") is False
    await leases.finish(job)
    assert await enqueue("tests.any", queue=LATER_QUEUE, unique_key="7") is None
    async with session_factory() as session:
        assert await session.scalar(select(func.count(Job.id))) == 6


async def test_two_processes_that_order_the_same_at_once_order_it_once(
    session_factory: SessionFactory, queue: JobQueue
) -> None:
    async def order(keys: range) -> list[int | None]:
        transaction = Transaction(session_factory)
        service = JobService(transaction, JobRepository(transaction), queue)
        async with transaction:
            return [
                await service.enqueue("tests.any", queue=LATER_QUEUE, unique_key=f"{key:02}") for key in keys
            ]

    ordered = await asyncio.gather(*(order(range(20)) for _ in range(4)))
    assert sum(job_id is not None for ids in ordered for job_id in ids) == 20
