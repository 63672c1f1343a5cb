"""A real worker, with jobs of its own beside the product's."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.web.ports import free_port
from tests.web.processes import RunningProcess, running
from vitte.clients.jobs import JobQueue
from vitte.core.settings import Settings

WORKER = Path(__file__).with_name("worker_with_test_jobs.py")


@pytest.fixture
def worker_settings(settings: Settings) -> Settings:
    """Settings of a worker that does one job at a time, and has little patience."""
    settings.worker.metrics_port = free_port()
    settings.worker.concurrency = 1
    settings.worker.job_timeout = 2
    settings.worker.time_limit = 60
    return settings


@pytest.fixture
async def worker(worker_settings: Settings) -> AsyncIterator[RunningProcess]:
    """A worker that waits for jobs."""
    async with running(WORKER, settings=worker_settings) as worker:
        await worker.logged("worker_ready")
        yield worker


@pytest.fixture
async def jobs(worker_settings: Settings) -> AsyncIterator[JobQueue]:
    """The way to the worker."""
    jobs = JobQueue(worker_settings)
    yield jobs
    await jobs.close()
