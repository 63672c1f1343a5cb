"""Ordering background work."""

from datetime import datetime
from typing import Any, overload

from vitte.clients.jobs import JobQueue
from vitte.core.ids import current_correlation_id
from vitte.core.job_names import LATER_QUEUE, QUEUE
from vitte.db.transaction import Transaction
from vitte.jobs.metrics import JOBS_ENQUEUED
from vitte.jobs.repository import JobRepository


class JobService:
    """Orders jobs, in the transaction of whoever needs them done."""

    def __init__(self, transaction: Transaction, jobs: JobRepository, queue: JobQueue) -> None:
        self._transaction = transaction
        self._jobs = jobs
        self._queue = queue

    @overload
    async def enqueue(
        self,
        name: str,
        /,
        *,
        queue: str = ...,
        run_at: datetime | None = ...,
        unique_key: None = ...,
        correlation_id: str | None = ...,
        **args: Any,
    ) -> int: ...

    @overload
    async def enqueue(
        self,
        name: str,
        /,
        *,
        queue: str = ...,
        run_at: datetime | None = ...,
        unique_key: str,
        correlation_id: str | None = ...,
        **args: Any,
    ) -> int | None: ...

    async def enqueue(
        self,
        name: str,
        /,
        *,
        queue: str = QUEUE,
        run_at: datetime | None = None,
        unique_key: str | None = None,
        correlation_id: str | None = None,
        **args: Any,
    ) -> int | None:
        """Order the job `name`, and return its id; it exists if and when the open transaction commits.

        `args` are JSON, and ids rather than data. `correlation_id` is that of the work going on, unless
        given. A job without `run_at` begins at once; any other is begun within a sweep
        (`worker.sweep_interval`) of its time, and so is one of the queue of what nobody looks for: messages
        for a heap of those would fill Redis, and the sweeper sends no more than are done soon. A job may be
        begun more than once, and has to stand that.

        With a `unique_key` nothing is ordered, and None returned, while a job of that name and key waits to
        be begun: it will find whatever this one was to find. Whoever orders several in one transaction does
        that in the order of names and keys, since two who wait for one another's would wait for ever.

        Raises RuntimeError when no transaction is open.
        """
        is_sent = run_at is None and queue != LATER_QUEUE
        job_id = await self._jobs.add(
            name,
            args,
            queue=queue,
            run_at=run_at,
            is_sent=is_sent,
            unique_key=unique_key,
            correlation_id=correlation_id or current_correlation_id(),
        )
        if job_id is None:
            return None

        async def committed() -> None:
            JOBS_ENQUEUED.labels(name).inc()
            if is_sent:
                self._queue.send_soon(job_id, queue=queue)

        self._transaction.on_commit(committed)
        return job_id
