"""Conversations."""

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from vitte.db.models.base import Base, BigId, CreatedAt, Timestamp, WithExtraData


class Dialog(WithExtraData, Base):
    """A conversation with the assistant.

    Of a person, who has at most one that is current, or of a place: a group, or a topic of any chat, which
    has at most one that has not ended. One of a place is never a person's current one.
    """

    __tablename__ = "dialogs"
    __table_args__ = (
        Index("uq_dialogs_current_user", "user_id", unique=True, postgresql_where=text("is_current")),
        Index("ix_dialogs_user_id", "user_id"),
        Index(
            "uq_dialogs_place",
            "chat_id",
            "topic_id",
            unique=True,
            postgresql_where=text("chat_id IS NOT NULL AND ended_at IS NULL"),
        ),
    )

    id: Mapped[BigId]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    """Whose it is; null for one of a group."""
    chat_id: Mapped[int | None]
    """Telegram's id of the chat that it belongs to, where it belongs to a place."""
    topic_id: Mapped[int] = mapped_column(server_default=text("0"))
    """The topic's `message_thread_id`; 0: the chat outside of topics."""
    ended_at: Mapped[Timestamp | None]
    """When the next dialog of its place began."""
    persona: Mapped[str | None] = mapped_column(String(64))
    """Key of the persona that speaks in it; null: the first."""
    summary: Mapped[str | None] = mapped_column(Text)
    """What was said in messages up to `summary_until`, in a model's words."""
    summary_until: Mapped[int | None]
    title: Mapped[str | None] = mapped_column(String(128))
    is_current: Mapped[bool] = mapped_column(server_default=text("true"))
    created_at: Mapped[CreatedAt]
