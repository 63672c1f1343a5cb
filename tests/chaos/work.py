"""Jobs that leave a trace, ordered as features order them."""

import itertools
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.chaos.checker import Figures, percentile
from vitte.clients.jobs import JobQueue
from vitte.core.settings import Settings
from vitte.db.engine import create_session_factory
from vitte.db.models import Job, JobState, User
from vitte.db.transaction import Transaction
from vitte.jobs.repository import JobRepository
from vitte.jobs.service import JobService

GREET, DIE = "tests.greet", "tests.dies"
_FIRST_NUMBER = 10**12
"""Beyond the ids of people in the sandbox: a greeting leaves a person behind."""


class Work:
    """The jobs of one stage, and what has become of them."""

    def __init__(self, settings: Settings, engine: AsyncEngine) -> None:
        self._session_factory = create_session_factory(engine)
        # Its connections are made for the settings as they are at the first order.
        self._settings = settings
        self._queue: JobQueue | None = None
        self._numbers = itertools.count(_FIRST_NUMBER)

    async def close(self) -> None:
        """Close the connections."""
        if self._queue is not None:
            await self._queue.close()

    async def order(self, count: int, *, seconds: float) -> list[int]:
        """Order `count` jobs that take `seconds` each and then note their end in PostgreSQL."""
        return [
            await self.order_one(GREET, number=next(self._numbers), seconds=seconds) for _ in range(count)
        ]

    async def order_one(self, name: str, **args: Any) -> int:
        """Order a job, and return its id."""
        self._queue = self._queue or JobQueue(self._settings)
        transaction = Transaction(self._session_factory)
        async with transaction:
            jobs = JobService(transaction, JobRepository(transaction), self._queue)
            job_id: int = await jobs.enqueue(name, **args)
            return job_id

    async def begun(self) -> int:
        """Return how many tries there were so far, of all jobs together."""
        return await self._number(select(func.coalesce(func.sum(Job.attempts), 0)))

    async def in_progress(self) -> int:
        """Return how many jobs a worker holds, or held when it ended."""
        held = select(func.count(Job.id)).where(Job.state == JobState.OPEN, Job.leased_until.is_not(None))
        return await self._number(held)

    async def unsent_since(self, moment: datetime) -> int:
        """Return how many jobs that nobody works on were not sent (again) after `moment`."""
        waits = select(func.count(Job.id)).where(
            Job.state == JobState.OPEN,
            Job.sent_at <= moment,
            (Job.leased_until.is_(None)) | (Job.leased_until < func.now()),
        )
        return await self._number(waits)

    async def now(self) -> datetime:
        """Return PostgreSQL's time."""
        async with self._session_factory() as session:
            return (await session.execute(text("SELECT clock_timestamp()"))).scalar_one()  # type: ignore[no-any-return]

    async def count(self, ids: Collection[int], state: JobState) -> int:
        """Return how many of these jobs are in `state`."""
        return await self._number(select(func.count(Job.id)).where(Job.id.in_(ids), Job.state == state))

    async def tries(self, ids: Collection[int]) -> list[int]:
        """Return how often each of these jobs was begun."""
        async with self._session_factory() as session:
            return list(await session.scalars(select(Job.attempts).where(Job.id.in_(ids))))

    async def examine(self, ids: Sequence[int]) -> Figures:
        """Return what has become of these greetings; their waits count from the order to the end."""
        async with self._session_factory() as session:
            jobs = (await session.scalars(select(Job).where(Job.id.in_(ids)))).all()
            times = User.extra_data["times"].as_integer()
            people = await session.execute(
                select(User.telegram_id, times).where(User.telegram_id >= _FIRST_NUMBER)
            )
            effects: dict[int, int] = {row[0]: row[1] for row in people}
        counts = [effects.get(job.args["number"], 0) for job in jobs]
        done = [job for job in jobs if job.state == JobState.DONE]
        waits = [(job.finished_at - job.created_at).total_seconds() for job in done if job.finished_at]
        without_effect = sum(1 for job in done if not effects.get(job.args["number"]))
        return Figures(
            asked=len(ids),
            lost=len(ids) - len(done) + without_effect,
            doubled=0,  # a job is a row: there is no second one of it
            repeated=sum(max(0, count - 1) for count in counts),
            disordered=0,  # jobs have no order
            p95=percentile(waits, 0.95),
            worst=max(waits, default=0.0),
        )

    async def _number(self, statement: Any) -> int:
        async with self._session_factory() as session:
            return int(await session.scalar(statement) or 0)
