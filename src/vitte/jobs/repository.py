"""Queries about jobs."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
    and_,
    case,
    cast,
    delete,
    func,
    literal,
    null,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from vitte.db.batches import is_one_of
from vitte.db.models import Job, JobState
from vitte.db.models.job import WAITS_BY_KEY
from vitte.db.transaction import Transaction
from vitte.jobs.schemas import Backlog, ClaimedJob, DeadJob

# Written out, or PostgreSQL would not use the index of open jobs.
_IS_OPEN = Job.state == text("'open'")
_IS_FREE = or_(Job.leased_until.is_(None), Job.leased_until < func.now())
_IS_DUE = and_(_IS_OPEN, Job.run_at <= func.now(), _IS_FREE)
_LOOKED_AT = 200
"""Due jobs among which those are looked for that are done together."""
# Whatever message there was has been taken by the try before, or there was none yet.
_HAS_NO_MESSAGE = or_(Job.sent_at.is_(None), Job.sent_at < func.greatest(Job.run_at, Job.leased_until))


class JobRepository:
    """The table of jobs."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def add(
        self,
        name: str,
        args: dict[str, Any],
        *,
        queue: str,
        run_at: datetime | None,
        is_sent: bool,
        unique_key: str | None,
        correlation_id: str | None,
    ) -> int | None:
        """Store a job, and return its id. Whoever says `is_sent` sees to that. Without `run_at` it is due.

        None, with nothing stored, when one of that name and key waits to be begun.
        """
        due: dict[str, Any] = {} if run_at is None else {"run_at": run_at}
        if is_sent:
            due["sent_at"] = func.now()
        job_id: int | None = await self._transaction.session.scalar(
            insert(Job)
            .values(
                name=name,
                args=args,
                queue=queue,
                unique_key=unique_key,
                correlation_id=correlation_id,
                **due,
            )
            .on_conflict_do_nothing(index_elements=[Job.name, Job.unique_key], index_where=text(WAITS_BY_KEY))
            .returning(Job.id)
        )
        return job_id

    async def claim(self, job_id: int, *, lease: timedelta, max_attempts: int) -> ClaimedJob | None:
        """Begin a job, unless it is done, taken, not due yet, or was begun often enough."""
        begun = await self._begin(Job.id == job_id, _IS_DUE, Job.attempts < max_attempts, lease=lease)
        return begun[0] if begun else None

    async def claim_more(
        self, job_id: int, names: Collection[str], *, lease: timedelta, limit: int
    ) -> list[ClaimedJob]:
        """Begin up to `limit` due jobs of these names that were never begun, the oldest first.

        Looked for among the oldest few that are due in this job's queue: no heap of others is read through.
        """
        queue = select(Job.queue).where(Job.id == job_id).scalar_subquery()
        oldest = (
            select(Job.id)
            .where(_IS_DUE, Job.queue == queue, Job.attempts == 0)
            .order_by(Job.run_at, Job.id)
            .limit(_LOOKED_AT)
        )
        is_wanted = and_(_IS_DUE, Job.attempts == 0, Job.name.in_(sorted(names)))
        chosen = _some(is_one_of(Job.id, oldest), is_wanted, limit=limit)
        return await self._begin(is_one_of(Job.id, chosen), lease=lease)

    async def renew(self, job: ClaimedJob, *, lease: timedelta) -> bool:
        """Keep a job for another `lease`; False if it is done or somebody else has begun it since."""
        renewed = await self._transaction.session.scalars(
            update(Job).where(_is_held(job)).values(leased_until=func.now() + lease).returning(Job.id)
        )
        return renewed.one_or_none() is not None

    async def finish(self, job_id: int) -> None:
        """Mark a job as done, whoever else may be at it."""
        await self._transaction.session.execute(
            update(Job)
            .where(Job.id == job_id, _IS_OPEN)
            .values(state=JobState.DONE, leased_until=null(), error=null(), finished_at=func.now())
        )

    async def fail(self, job: ClaimedJob, *, error: str, max_attempts: int, retry_in: timedelta) -> bool:
        """Put a job off for another try, or to rest after its last; tell whether it is dead.

        A job that somebody else has begun since is left to them.
        """
        is_last = Job.attempts >= max_attempts
        dead: bool | None = await self._transaction.session.scalar(
            update(Job)
            .where(_is_held(job))
            .values(
                error=cast(literal(error), Text),
                state=case((is_last, JobState.DEAD), else_=JobState.OPEN),
                finished_at=case((is_last, func.now()), else_=null()),
                leased_until=null(),
                run_at=case((is_last, Job.run_at), else_=func.now() + retry_in),
            )
            .returning(Job.state == JobState.DEAD)
        )
        return bool(dead)

    async def bury(self, queue: str, *, error: str, max_attempts: int, limit: int) -> list[DeadJob]:
        """Put to rest up to `limit` jobs whose last try never came to an end."""
        lost = _some(_IS_DUE, Job.queue == queue, Job.attempts >= max_attempts, limit=limit)
        rows = await self._transaction.session.execute(
            update(Job)
            .where(is_one_of(Job.id, lost))
            .values(state=JobState.DEAD, leased_until=null(), finished_at=func.now(), error=error)
            .returning(Job.id, Job.name, Job.correlation_id)
        )
        return [DeadJob(id=row[0], name=row[1], correlation_id=row[2]) for row in rows]

    async def take_without_message(self, queue: str, *, limit: int) -> list[int]:
        """Note as sent now the oldest due jobs that no message points to, up to `limit`; return their ids."""
        return await self._take(Job.queue == queue, _HAS_NO_MESSAGE, limit=limit)

    async def take_sent_before(self, queue: str, *, age: timedelta, limit: int) -> list[int]:
        """Note as sent now the oldest due jobs sent before `age` ago, up to `limit`; return their ids."""
        return await self._take(Job.queue == queue, Job.sent_at < func.now() - age, limit=limit)

    async def count_sent(self, queue: str) -> int:
        """Return how many due jobs wait with a message that should be in Redis."""
        count = await self._transaction.session.scalar(
            select(func.count(Job.id)).where(_IS_DUE, Job.queue == queue, ~_HAS_NO_MESSAGE)
        )
        return count or 0

    async def backlogs(self) -> dict[str, Backlog]:
        """Return what is open, by queue; a queue with nothing open is left out."""
        age = func.extract("epoch", func.now() - func.min(Job.run_at).filter(Job.run_at <= func.now()))
        rows = await self._transaction.session.execute(
            select(Job.queue, func.count(Job.id), age).where(_IS_OPEN).group_by(Job.queue)
        )
        return {row[0]: Backlog(open=row[1], oldest=float(row[2] or 0)) for row in rows}

    async def count_dead(self) -> int:
        """Return how many jobs were given up."""
        dead = select(func.count(Job.id)).where(_is_at_rest_as(JobState.DEAD))
        return await self._transaction.session.scalar(dead) or 0

    async def purge(self, state: JobState, *, older_than: timedelta, limit: int) -> int:
        """Delete up to `limit` jobs that came to rest in `state` longer ago than `older_than`."""
        old = (
            select(Job.id)
            .where(_is_at_rest_as(state), Job.finished_at < func.now() - older_than)
            .order_by(Job.finished_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        gone = await self._transaction.session.scalars(
            delete(Job).where(is_one_of(Job.id, old)).returning(Job.id)
        )
        return len(gone.all())

    async def _begin(self, *conditions: ColumnElement[bool], lease: timedelta) -> list[ClaimedJob]:
        rows = await self._transaction.session.execute(
            update(Job)
            .where(*conditions)
            .values(leased_until=func.now() + lease, attempts=Job.attempts + 1)
            .returning(Job.id, Job.name, Job.args, Job.correlation_id, Job.attempts)
        )
        return [
            ClaimedJob(id=row[0], name=row[1], args=row[2], correlation_id=row[3], attempt=row[4])
            for row in rows
        ]

    async def _take(self, *conditions: ColumnElement[bool], limit: int) -> list[int]:
        rows: Sequence[Any] = (
            await self._transaction.session.execute(
                update(Job)
                .where(is_one_of(Job.id, _some(_IS_DUE, *conditions, limit=limit)))
                .values(sent_at=func.now())
                .returning(Job.run_at, Job.id)
            )
        ).all()
        return [row.id for row in sorted(rows)]


def _is_at_rest_as(state: JobState) -> ColumnElement[bool]:
    # As with what is open: each of the two has an index of its own.
    return Job.state == text(f"'{state}'")


def _is_held(job: ClaimedJob) -> ColumnElement[bool]:
    # Every claim counts one attempt more: the number tells one holder from the next.
    return and_(Job.id == job.id, _IS_OPEN, Job.attempts == job.attempt)


def _some(*conditions: ColumnElement[bool], limit: int) -> Select[int]:
    """Return the ids of the oldest jobs that nobody else is about to change."""
    return (
        select(Job.id)
        .where(*conditions)
        .order_by(Job.run_at, Job.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
