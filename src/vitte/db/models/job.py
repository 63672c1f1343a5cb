"""Background work, stored before anybody is told of it."""

from enum import StrEnum
from typing import Any

from sqlalchemy import Index, SmallInteger, String, Text, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from vitte.db.models.base import Base, BigId, CreatedAt, Timestamp

WAITS_BY_KEY = "unique_key IS NOT NULL AND state = 'open' AND attempts = 0"
"""Said by whoever wants to meet no other of its kind, in the words of the index."""


class JobState(StrEnum):
    """Where a job is on its way."""

    OPEN = "open"
    DONE = "done"
    DEAD = "dead"


class Job(Base):
    """One piece of background work: this row is the job, and a message in Redis only points to it."""

    __tablename__ = "jobs"
    __table_args__ = (
        # By queue: a heap in one of them is not read through for the others.
        Index("ix_jobs_open_by_queue", "queue", "run_at", "id", postgresql_where=text("state = 'open'")),
        Index("ix_jobs_finished_at", "finished_at", postgresql_where=text("state <> 'open'")),
        # A handful, which would else be looked for among all that was done in two days.
        Index("ix_jobs_dead", "finished_at", postgresql_where=text("state = 'dead'")),
        Index("uq_jobs_waiting_key", "name", "unique_key", unique=True, postgresql_where=text(WAITS_BY_KEY)),
    )

    id: Mapped[BigId]
    name: Mapped[str] = mapped_column(String(64))
    args: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """Keyword arguments: ids rather than data."""
    unique_key: Mapped[str | None] = mapped_column(String(64))
    """Of the jobs with one name and key no more than one waits to be begun."""
    queue: Mapped[str] = mapped_column(String(32))
    state: Mapped[str] = mapped_column(String(8), server_default=JobState.OPEN)
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    """How often it was begun."""
    run_at: Mapped[Timestamp] = mapped_column(server_default=func.now())
    """Not to be begun before."""
    leased_until: Mapped[Timestamp | None]
    """A worker has it until then, and says so again as long as it lives."""
    sent_at: Mapped[Timestamp | None]
    """When the worker was last told of it."""
    correlation_id: Mapped[str | None] = mapped_column(String(64))
    error: Mapped[str | None] = mapped_column(Text)
    """Why the last try failed."""
    created_at: Mapped[CreatedAt]
    finished_at: Mapped[Timestamp | None]
