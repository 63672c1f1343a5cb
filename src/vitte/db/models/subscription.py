"""What a person may use, and until when."""

from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from vitte.db.models.base import Base, BigId, CreatedAt, Timestamp, WithExtraData


class Plan(StrEnum):
    """The plans on offer."""

    FREE = "free"


class SubscriptionStatus(StrEnum):
    """Where a subscription is in its life."""

    ACTIVE = "active"
    ENDED = "ended"


class Subscription(WithExtraData, Base):
    """A plan that a person has or had; at most one is active."""

    __tablename__ = "subscriptions"
    __table_args__ = (
        Index(
            "uq_subscriptions_active_user", "user_id", unique=True, postgresql_where=text("status = 'active'")
        ),
        Index("ix_subscriptions_user_id", "user_id"),
    )

    id: Mapped[BigId]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    plan: Mapped[str] = mapped_column(String(32))
    status: Mapped[str] = mapped_column(String(16))
    started_at: Mapped[CreatedAt]
    expires_at: Mapped[Timestamp | None]
