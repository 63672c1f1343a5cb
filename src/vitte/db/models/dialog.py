"""Conversations."""

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from vitte.db.models.base import Base, BigId, CreatedAt, WithExtraData


class Dialog(WithExtraData, Base):
    """A conversation of one person with the assistant; at most one is current."""

    __tablename__ = "dialogs"
    __table_args__ = (
        Index("uq_dialogs_current_user", "user_id", unique=True, postgresql_where=text("is_current")),
        Index("ix_dialogs_user_id", "user_id"),
    )

    id: Mapped[BigId]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    title: Mapped[str | None] = mapped_column(String(128))
    is_current: Mapped[bool] = mapped_column(server_default=text("true"))
    created_at: Mapped[CreatedAt]
