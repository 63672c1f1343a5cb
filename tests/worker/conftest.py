"""A real worker and its clock, with jobs of its own beside the product's."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from sqlalchemy import func, select

from tests.patience import PATIENCE
from tests.web.processes import RunningProcess, running
from vitte.clients.jobs import JobQueue, broker_settings
from vitte.core.job_names import TICK_QUEUE
from vitte.core.settings import Settings
from vitte.db.engine import SessionFactory
from vitte.db.models import Job
from vitte.db.transaction import Transaction
from vitte.embedded.ports import free_port
from vitte.jobs.repository import JobRepository
from vitte.jobs.service import JobService

WORKER = Path(__file__).with_name("worker_with_test_jobs.py")
BEAT = ("-m", "vitte", "run", "beat")

Enqueue = Callable[..., Awaitable[int]]
SendTick = Callable[[str], None]
WaitFor = Callable[..., Awaitable[None]]


@pytest.fixture
def worker_settings(settings: Settings) -> Settings:
    """Settings of a worker that does one job at a time, and looks often for what was forgotten.

    Its leases are as long as a process may be held up on a busy machine: what it has is not taken for lost.
    """
    settings.worker.metrics_port = free_port()
    settings.worker.concurrency = 1
    settings.worker.job_lease = 5
    settings.worker.retry_delay = 0.1
    settings.worker.sweep_interval = 0.3
    settings.worker.resend_after = 1
    return settings


@pytest.fixture
async def worker(worker_settings: Settings) -> AsyncIterator[RunningProcess]:
    """A worker that waits for jobs."""
    async with running(WORKER, settings=worker_settings) as worker:
        await worker.logged("worker_ready")
        yield worker


@asynccontextmanager
async def running_with_clock(settings: Settings) -> AsyncIterator[RunningProcess]:
    """Run a worker, and the clock whose ticks it needs to sweep."""
    async with running(WORKER, settings=settings) as worker, running(*BEAT, settings=settings):
        await worker.logged("worker_ready")
        yield worker


@pytest.fixture
async def swept_worker(worker_settings: Settings) -> AsyncIterator[RunningProcess]:
    """A worker that waits for jobs, and its clock."""
    async with running_with_clock(worker_settings) as worker:
        yield worker


@pytest.fixture
async def enqueue(worker_settings: Settings, session_factory: SessionFactory) -> AsyncIterator[Enqueue]:
    """Order a job in a transaction of its own, as features do."""
    queue = JobQueue(worker_settings)

    async def enqueue(name: str, /, **options: Any) -> int:
        transaction = Transaction(session_factory)
        async with transaction:
            jobs = JobService(transaction, JobRepository(transaction), queue)
            job_id: int = await jobs.enqueue(name, **options)
            return job_id

    yield enqueue
    await queue.close()


@pytest.fixture
def send_tick(worker_settings: Settings) -> SendTick:
    """Send a tick as the clock does."""

    def send(name: str) -> None:
        with Celery("test", set_as_current=False) as app:
            app.conf.update(broker_settings(worker_settings))
            with app.connection_for_write() as connection:
                app.send_task(name, queue=TICK_QUEUE, connection=connection, ignore_result=True)

    return send


@pytest.fixture
def until_jobs_are(session_factory: SessionFactory) -> WaitFor:
    """Wait until the table holds so many jobs of each state, and no others."""

    async def wait(**wanted: int) -> None:
        by_state: dict[str, int] = {}
        try:
            async with asyncio.timeout(PATIENCE):
                while by_state != wanted:
                    await asyncio.sleep(0.05)
                    async with session_factory() as session:
                        rows = await session.execute(
                            select(Job.state, func.count(Job.id)).group_by(Job.state)
                        )
                        by_state = {row[0]: row[1] for row in rows}
        except TimeoutError:
            raise AssertionError(f"jobs are {by_state}, not {wanted}") from None

    return wait
