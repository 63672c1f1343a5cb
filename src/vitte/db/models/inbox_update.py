"""Telegram's updates, stored before they are acknowledged."""

from enum import IntEnum, StrEnum

from sqlalchemy import Index, SmallInteger, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from vitte.db.models.base import Base, BigId, CreatedAt, Timestamp


class UpdateState(StrEnum):
    """Where an update is on its way."""

    OPEN = "open"
    DONE = "done"
    DEAD = "dead"


class UpdateLane(IntEnum):
    """Which queue of its chat an update waits in."""

    FAST = 0
    """What cannot wait until an answer has been given: payments to confirm, buttons, stop."""
    ORDINARY = 1


class InboxUpdate(Base):
    """One update as it came.

    `payload` is text, not jsonb: PostgreSQL refuses some JSON that is valid (such as \\u0000), and an
    update must be stored before anyone judges it. It is emptied when the update is done.
    """

    __tablename__ = "inbox_updates"
    __table_args__ = (
        Index("uq_inbox_updates_bot_id_update_id", "bot_id", "update_id", unique=True),
        Index(
            "ix_inbox_updates_open", "order_key", "lane", "update_id", postgresql_where=text("state = 'open'")
        ),
        # In the order in which they are handed out: however many wait, a claim reads the first few. Every id
        # is positive; a query that does not say so cannot use this index in place of the one above.
        Index(
            "ix_inbox_updates_next",
            "bot_id",
            "lane",
            "update_id",
            postgresql_where=text("state = 'open' AND id > 0"),
        ),
        Index("ix_inbox_updates_finished_at", "finished_at", postgresql_where=text("state <> 'open'")),
        # A handful, which would else be looked for among all that was done in two days.
        Index("ix_inbox_updates_dead", "finished_at", postgresql_where=text("state = 'dead'")),
    )

    id: Mapped[BigId]
    bot_id: Mapped[int]
    update_id: Mapped[int]
    order_key: Mapped[int]
    """Updates with the same key are handled one after the other: the chat's id, else the person's."""
    lane: Mapped[int] = mapped_column(SmallInteger, server_default=text("1"))
    payload: Mapped[str | None] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(8), server_default=UpdateState.OPEN)
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    leased_until: Mapped[Timestamp | None]
    received_at: Mapped[CreatedAt]
    finished_at: Mapped[Timestamp | None]
    error: Mapped[str | None] = mapped_column(Text)
