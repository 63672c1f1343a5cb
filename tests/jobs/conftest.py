"""Jobs without a worker: what is in the table, and what Redis was told."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from redis.asyncio import Redis
from sqlalchemy import text

from tests.patience import PATIENCE
from vitte.clients.jobs import JobQueue
from vitte.core.settings import Settings
from vitte.db.engine import SessionFactory
from vitte.db.models import Job
from vitte.db.transaction import Transaction
from vitte.jobs.leases import JobLeases
from vitte.jobs.repository import JobRepository
from vitte.jobs.service import JobService
from vitte.jobs.sweeper import JobSweeper

MESSAGES = "vitte:jobs:default"
"""The list in Redis where messages to the worker wait."""

Enqueue = Callable[..., Awaitable[int]]
ReadJob = Callable[[int], Awaitable[Job]]
ChangeJobs = Callable[[str], Awaitable[None]]


@pytest.fixture
async def queue(settings: Settings) -> AsyncIterator[JobQueue]:
    """The way to the worker."""
    queue = JobQueue(settings)
    yield queue
    await queue.close()


@pytest.fixture
def service(transaction: Transaction, queue: JobQueue) -> JobService:
    """What features order jobs with."""
    return JobService(transaction, JobRepository(transaction), queue)


@pytest.fixture
def enqueue(transaction: Transaction, service: JobService) -> Enqueue:
    """Order a job in a transaction of its own."""

    async def enqueue(name: str = "tests.any", /, **options: Any) -> int:
        async with transaction:
            job_id: int = await service.enqueue(name, **options)
            return job_id

    return enqueue


@pytest.fixture
def leases(session_factory: SessionFactory, settings: Settings) -> JobLeases:
    """What a worker begins and ends jobs with."""
    # Longer than any test takes from a failure to the next look.
    settings.worker.retry_delay = 60
    return JobLeases(session_factory, settings.worker)


@pytest.fixture
def sweeper(session_factory: SessionFactory, queue: JobQueue, settings: Settings) -> JobSweeper:
    """What tells of jobs again, if they are as old as a test makes them: a busy machine makes none older."""
    settings.worker.resend_after = 50
    return JobSweeper(session_factory, queue, settings.worker)


@pytest.fixture
def read_job(session_factory: SessionFactory) -> ReadJob:
    """Return a job's row as it is now."""

    async def read(job_id: int) -> Job:
        async with session_factory() as session:
            return await session.get_one(Job, job_id)

    return read


@pytest.fixture
def change_jobs(session_factory: SessionFactory) -> ChangeJobs:
    """Set columns of every job, as time would."""

    async def change(assignments: str) -> None:
        async with session_factory() as session:
            await session.execute(text(f"UPDATE jobs SET {assignments}"))  # noqa: S608 - written in the tests
            await session.commit()

    return change


async def told(redis: Redis, *, count: int) -> list[int]:
    """Take `count` messages as a worker would, and return the jobs that they point to, in order."""
    job_ids: list[int] = []
    for _ in range(count):
        taken = await redis.brpop([MESSAGES], timeout=PATIENCE)
        assert taken is not None, f"{len(job_ids)} of {count} messages came"
        message = json.loads(taken[1])
        assert message["headers"]["task"] == "jobs.run"
        job_ids.append(int(message["headers"]["argsrepr"].strip("(),")))
    return job_ids
