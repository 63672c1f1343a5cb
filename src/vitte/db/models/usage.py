"""What calls to models have cost: one row a call, and sums of them by day."""

from datetime import date
from enum import StrEnum

from sqlalchemy import Date, ForeignKey, Index, Integer, String, text
from sqlalchemy.orm import Mapped, mapped_column

from vitte.db.models.base import Base, BigId, CreatedAt, Timestamp


class CallState(StrEnum):
    """Where a call is on its way."""

    RESERVED = "reserved"
    SETTLED = "settled"
    EXPIRED = "expired"
    """Whoever made the call never came back to say what it cost: it counts as what was reserved for it."""


class UsageCall(Base):
    """One call to a model.

    What it may cost at most is reserved before and counts against all limits; what it did cost takes the
    reservation's place. Costs are millionths of a US dollar.
    """

    __tablename__ = "usage_calls"
    __table_args__ = (
        Index("ix_usage_calls_user_id_id", "user_id", "id"),
        Index("ix_usage_calls_created_at", "created_at"),
        # A handful, which would else be looked for among all.
        Index("ix_usage_calls_reserved", "expires_at", postgresql_where=text("state = 'reserved'")),
    )

    id: Mapped[BigId]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    day: Mapped[date] = mapped_column(Date)
    """The day in whose sums it counts: that of its reservation, in UTC."""
    dialog_id: Mapped[int | None]
    """Kept also when the dialog is deleted: what was spent was spent."""
    kind: Mapped[str] = mapped_column(String(16))
    """What for: "chat", "title", "summary", "memory", "speech", ..."""
    model: Mapped[str] = mapped_column(String(128))
    state: Mapped[str] = mapped_column(String(8), server_default=CallState.RESERVED)
    outcome: Mapped[str | None] = mapped_column(String(32))
    """How it ended: "complete", "stopped", or an error's code."""
    reserved_tokens: Mapped[int] = mapped_column(Integer)
    reserved_cost: Mapped[int]
    prompt_tokens: Mapped[int | None] = mapped_column(Integer)
    completion_tokens: Mapped[int | None] = mapped_column(Integer)
    is_estimated: Mapped[bool] = mapped_column(server_default=text("false"))
    """The provider did not tell the tokens."""
    cost: Mapped[int | None]
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[Timestamp]
    """Nobody is at it any more by then."""
    settled_at: Mapped[Timestamp | None]


class UsageDay(Base):
    """The sums of one person's calls of one day, UTC."""

    __tablename__ = "usage_days"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    messages: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    tokens: Mapped[int] = mapped_column(server_default=text("0"))
    cost: Mapped[int] = mapped_column(server_default=text("0"))
    reserved_tokens: Mapped[int] = mapped_column(server_default=text("0"))
    reserved_cost: Mapped[int] = mapped_column(server_default=text("0"))


class BotDay(Base):
    """The sums of everybody's calls of one day, UTC."""

    __tablename__ = "bot_days"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    messages: Mapped[int] = mapped_column(server_default=text("0"))
    tokens: Mapped[int] = mapped_column(server_default=text("0"))
    cost: Mapped[int] = mapped_column(server_default=text("0"))
    reserved_tokens: Mapped[int] = mapped_column(server_default=text("0"))
    reserved_cost: Mapped[int] = mapped_column(server_default=text("0"))
