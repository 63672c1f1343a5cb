"""What makes Redis dispensable: jobs that nobody is told of are told of again."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial

import structlog

from vitte.clients.jobs import JobQueue
from vitte.core.job_names import JOB_QUEUES
from vitte.core.settings.processes import WorkerSettings
from vitte.db.batches import in_transactions
from vitte.db.engine import SessionFactory
from vitte.db.models import JobState
from vitte.db.transaction import Transaction
from vitte.jobs.leases import MAX_ATTEMPTS
from vitte.jobs.repository import JobRepository
from vitte.jobs.schemas import Backlog, DeadJob

logger = structlog.get_logger(__name__)

_BATCH = 500
_PURGE_BATCH = 5000
_MOST_MESSAGES = 1000
"""Messages that wait in Redis before no more are sent: its memory is small, and PostgreSQL keeps the jobs.

So many are begun between two sweeps at most, which is a hundred a second.
"""
_KILLED = f"its process was killed, or blocked for too long, in the last of {MAX_ATTEMPTS} tries"


class JobSweeper:
    """Looks after jobs as a whole. Any number may sweep at once: a job is sent by one of them."""

    def __init__(self, session_factory: SessionFactory, queue: JobQueue, settings: WorkerSettings) -> None:
        self._session_factory = session_factory
        self._queue = queue
        self._resend_after = timedelta(seconds=settings.resend_after)

    async def bury(self) -> list[DeadJob]:
        """Give up jobs that have killed their process in every try, and return them."""
        dead = []
        for queue in JOB_QUEUES:
            transaction = Transaction(self._session_factory)
            async with transaction:
                dead += await JobRepository(transaction).bury(
                    queue, error=_KILLED, max_attempts=MAX_ATTEMPTS, limit=_BATCH
                )
        for job in dead:
            logger.error(
                "job_dead",
                job=job.name,
                job_id=job.id,
                correlation_id=job.correlation_id,
                attempts=MAX_ATTEMPTS,
                reason=_KILLED,
            )
        return dead

    async def send(self) -> int:
        """Tell the worker of jobs that are due and that no message points to; return how many.

        The oldest first, and no more than the worker can begin soon: the others are sent by later sweeps.
        Raises UnavailableError when Redis does not answer; what it did not take is sent by a later sweep.
        """
        return sum([await self._send_queue(queue) for queue in JOB_QUEUES])

    async def _send_queue(self, queue: str) -> int:
        length = await self._queue.length(queue)
        sent = await self._send_all(
            queue,
            lambda jobs, limit: jobs.take_without_message(queue, limit=limit),
            limit=max(0, _MOST_MESSAGES - length),
        )
        # The others were sent, and wait in Redis unless it has lost them: jobs that only wait for their
        # turn must not be sent again and again, or a long queue would grow by itself.
        transaction = Transaction(self._session_factory)
        async with transaction:
            waiting = await JobRepository(transaction).count_sent(queue)
        lost = waiting - await self._queue.length(queue) if waiting else 0
        if lost <= 0:
            return sent
        resent = await self._send_all(
            queue,
            lambda jobs, limit: jobs.take_sent_before(queue, age=self._resend_after, limit=limit),
            limit=lost,
        )
        if resent:
            logger.warning("jobs_resent", queue=queue, count=resent)
        return sent + resent

    async def _send_all(
        self,
        queue: str,
        take: Callable[[JobRepository, int], Awaitable[list[int]]],
        *,
        limit: int,
    ) -> int:
        sent = 0
        while sent < limit:
            batch = min(_BATCH, limit - sent)
            transaction = Transaction(self._session_factory)
            async with transaction:
                job_ids = await take(JobRepository(transaction), batch)
            if job_ids:
                await self._queue.send(job_ids, queue=queue)
                sent += len(job_ids)
            if len(job_ids) < batch:
                break
        return sent

    async def backlogs(self) -> dict[str, Backlog]:
        """Return what is open in each queue."""
        transaction = Transaction(self._session_factory)
        async with transaction:
            open_ones = await JobRepository(transaction).backlogs()
        return {queue: open_ones.get(queue, Backlog(open=0, oldest=0)) for queue in {*JOB_QUEUES, *open_ones}}

    async def count_dead(self) -> int:
        """Return how many jobs were given up and not forgotten yet."""
        transaction = Transaction(self._session_factory)
        async with transaction:
            return await JobRepository(transaction).count_dead()

    async def purge(self, *, done_older_than: timedelta, dead_older_than: timedelta) -> int:
        """Delete jobs that have rested for so long, a batch at a time; return how many."""
        transaction = Transaction(self._session_factory)
        purge = partial(JobRepository(transaction).purge, limit=_PURGE_BATCH)
        done = partial(purge, JobState.DONE, older_than=done_older_than)
        dead = partial(purge, JobState.DEAD, older_than=dead_older_than)
        return sum([await in_transactions(transaction, one, size=_PURGE_BATCH) for one in (done, dead)])
