"""Handing jobs out to workers, each to one at a time."""

from collections.abc import Collection
from datetime import timedelta

import structlog

from vitte.core.settings.processes import WorkerSettings
from vitte.db.engine import SessionFactory
from vitte.db.transaction import Transaction
from vitte.jobs.repository import JobRepository
from vitte.jobs.schemas import ClaimedJob

logger = structlog.get_logger(__name__)

MAX_ATTEMPTS = 3
_BACK_OFF = 6
_LONGEST_ERROR = 2000


class JobLeases:
    """Begins and ends jobs.

    Lives as long as its process, and each call is a transaction of its own: a job's own transaction is
    the job's business.
    """

    def __init__(self, session_factory: SessionFactory, settings: WorkerSettings) -> None:
        self._session_factory = session_factory
        self._lease = timedelta(seconds=settings.job_lease)
        self._first_retry = timedelta(seconds=settings.retry_delay)

    async def claim(self, job_id: int) -> ClaimedJob | None:
        """Begin a job; None when there is nothing to do: it is done, another has it, or it is not due."""
        transaction = Transaction(self._session_factory)
        async with transaction:
            return await JobRepository(transaction).claim(
                job_id, lease=self._lease, max_attempts=MAX_ATTEMPTS
            )

    async def claim_more(self, job_id: int, names: Collection[str], *, limit: int) -> list[ClaimedJob]:
        """Begin up to `limit` jobs of these names in this job's queue.

        They are due and were never begun; the oldest are first.
        """
        transaction = Transaction(self._session_factory)
        async with transaction:
            return await JobRepository(transaction).claim_more(job_id, names, lease=self._lease, limit=limit)

    async def renew(self, job: ClaimedJob) -> bool:
        """Go on with a job; False when it is somebody else's by now."""
        transaction = Transaction(self._session_factory)
        async with transaction:
            return await JobRepository(transaction).renew(job, lease=self._lease)

    async def finish(self, job: ClaimedJob) -> None:
        """Mark a job as done."""
        transaction = Transaction(self._session_factory)
        async with transaction:
            await JobRepository(transaction).finish(job.id)

    async def fail(self, job: ClaimedJob, *, error: str) -> bool:
        """Note that a job failed: another try follows later, or none after the last.

        Returns whether the job is given up.
        """
        transaction = Transaction(self._session_factory)
        async with transaction:
            is_dead = await JobRepository(transaction).fail(
                job,
                error=error[:_LONGEST_ERROR],
                max_attempts=MAX_ATTEMPTS,
                retry_in=self._first_retry * _BACK_OFF ** (job.attempt - 1),
            )
        if is_dead:
            logger.error("job_dead", attempts=job.attempt, reason=error[:_LONGEST_ERROR])
        return is_dead
