"""One piece of work, from its beginning to its end."""

import asyncio
import logging
import time
from collections.abc import Collection, Mapping

import structlog

from vitte.core.ids import bind_correlation_id
from vitte.core.nursery import Nursery
from vitte.core.settings.processes import WorkerSettings
from vitte.db.outages import DATABASE_ERRORS
from vitte.jobs.leases import JobLeases
from vitte.jobs.schemas import ClaimedJob
from vitte.worker.jobs import WorkFunction
from vitte.worker.metrics import JOB_SECONDS, JOBS, JOBS_DEAD

logger = structlog.get_logger(__name__)

_RENEWALS_PER_LEASE = 3


class TickRunner:
    """Does what the clock asks for."""

    def __init__(self, function: WorkFunction, settings: WorkerSettings) -> None:
        self._function = function
        self._timeout = settings.job_timeout

    async def run(self, name: str) -> None:
        """Do it; a failure is logged, and the next tick is another try."""
        structlog.contextvars.bind_contextvars(job=name)
        # One comes every few seconds: what it has to say it says itself.
        await _attempt(name, self._function, {}, asyncio.timeout(self._timeout), level=logging.DEBUG)


class JobRunner:
    """Does the jobs of the table, each under a lease that is renewed while it goes on.

    A job of those that are `waiting` most of their time is done with others of its queue that are due: a
    process that waited for one model at a time would do twenty a minute. A message whose job was begun like
    that, or is done, stands for the next of its queue. Only first tries are shared: what kills its process is
    tried again alone, and takes no other with it twice.
    """

    def __init__(
        self,
        functions: Mapping[str, WorkFunction],
        leases: JobLeases,
        settings: WorkerSettings,
        *,
        waiting: Collection[str] = (),
    ) -> None:
        self._functions = functions
        self._leases = leases
        self._settings = settings
        self._waiting = waiting

    async def run(self, job_id: int) -> None:
        """Do the job if it is to be done now, and what can be done with it.

        What cannot be noted because PostgreSQL is away is left to the lease: it runs out, and the sweeper
        sends the job again.
        """
        structlog.contextvars.bind_contextvars(job_id=job_id)
        try:
            job = await self._leases.claim(job_id)
        except DATABASE_ERRORS:
            logger.exception("job_left_to_the_sweeper")
            return
        others = await self._others(job_id, job)
        # A task each, so that what is bound for one is bound for no other.
        await asyncio.gather(*(self._run(one) for one in ([job] if job else []) + others))

    async def _others(self, job_id: int, job: ClaimedJob | None) -> list[ClaimedJob]:
        room = self._settings.jobs_together - (job is not None)
        is_alone = job is not None and (job.name not in self._waiting or job.attempt > 1)
        if is_alone or not room or not self._waiting:
            return []
        try:
            return await self._leases.claim_more(job_id, self._waiting, limit=room)
        except DATABASE_ERRORS:
            # Each has a message of its own, or gets one; what is begun need not wait for its lease with them.
            logger.exception("jobs_left_to_their_messages")
            return []

    async def _run(self, job: ClaimedJob) -> None:
        bind_correlation_id(job.correlation_id)
        structlog.contextvars.bind_contextvars(job_id=job.id, job=job.name, attempt=job.attempt)
        try:
            await self._run_to_its_end(job)
        except DATABASE_ERRORS:
            logger.exception("job_left_to_the_sweeper")

    async def _run_to_its_end(self, job: ClaimedJob) -> None:
        function = self._functions.get(job.name)
        if function is None:
            # One of another version, perhaps: while that is being started, the tries to come may meet it.
            logger.error("job_unknown")
            await self._give_back(job, error=f"this worker knows no job {job.name!r}")
            return
        deadline, overtaken = asyncio.timeout(self._settings.job_timeout), asyncio.Event()
        nursery = Nursery()
        nursery.start(self._renew(job, deadline, overtaken), name="job_lease")
        try:
            error = await _attempt(job.name, function, job.args, deadline)
        finally:
            await nursery.stop()
        if error is None:
            await self._leases.finish(job)
        elif not overtaken.is_set():
            await self._give_back(job, error=error)

    async def _renew(self, job: ClaimedJob, deadline: asyncio.Timeout, overtaken: asyncio.Event) -> None:
        """Say again and again that the job goes on; end it when another worker has begun it since."""
        while True:
            await asyncio.sleep(self._settings.job_lease / _RENEWALS_PER_LEASE)
            try:
                is_ours = await self._leases.renew(job)
            except DATABASE_ERRORS as error:
                logger.warning("job_lease_not_renewed", reason=str(error))
                continue
            if not is_ours:
                logger.warning("job_overtaken")
                overtaken.set()
                deadline.reschedule(asyncio.get_running_loop().time())
                return

    async def _give_back(self, job: ClaimedJob, *, error: str) -> None:
        if await self._leases.fail(job, error=error):
            JOBS_DEAD.labels(job.name).inc()


async def _attempt(
    name: str,
    function: WorkFunction,
    args: Mapping[str, object],
    deadline: asyncio.Timeout,
    *,
    level: int = logging.INFO,
) -> str | None:
    """Call the function; return why that failed, or None."""
    logger.log(level, "job_started")
    started = time.perf_counter()
    outcome, reason = "failed", None
    try:
        async with deadline:
            await function(**args)
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        if deadline.expired():
            outcome, reason = "timed_out", f"ended after {_since(started)} s: it took too long"
        logger.exception("job_failed", outcome=outcome, seconds=_since(started))
    else:
        outcome = "finished"
        logger.log(level, "job_finished", seconds=_since(started))
    finally:
        JOBS.labels(name, outcome).inc()
        JOB_SECONDS.labels(name).observe(time.perf_counter() - started)
    return reason


def _since(started: float) -> float:
    return round(time.perf_counter() - started, 3)
