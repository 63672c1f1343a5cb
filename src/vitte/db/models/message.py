"""What was said in a dialog."""

from enum import StrEnum

from sqlalchemy import ForeignKey, Index, Integer, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from vitte.db.models.base import Base, BigId, CreatedAt, Timestamp, WithExtraData


class MessageRole(StrEnum):
    """Who said it, in the words of the chat completions protocol."""

    USER = "user"
    ASSISTANT = "assistant"


class Message(WithExtraData, Base):
    """One message of a dialog.

    The unique indexes are what makes an update that is handled again harmless: a question is stored once
    by its Telegram message id, and has at most one answer.
    """

    __tablename__ = "messages"
    __table_args__ = (
        Index("ix_messages_dialog_id_id", "dialog_id", "id"),
        Index("ix_messages_created_at", "created_at"),
        Index(
            "uq_messages_question",
            "dialog_id",
            "telegram_message_id",
            unique=True,
            postgresql_where=text("role = 'user'"),
        ),
        Index(
            "uq_messages_question_id",
            "question_id",
            unique=True,
            postgresql_where=text("question_id IS NOT NULL"),
        ),
    )

    id: Mapped[BigId]
    dialog_id: Mapped[int] = mapped_column(ForeignKey("dialogs.id", ondelete="CASCADE"))
    question_id: Mapped[int | None] = mapped_column(ForeignKey("messages.id", ondelete="CASCADE"))
    role: Mapped[str] = mapped_column(String(16))
    text: Mapped[str] = mapped_column(Text)
    model: Mapped[str | None] = mapped_column(String(128))
    telegram_message_id: Mapped[int | None]
    author: Mapped[str | None] = mapped_column(String(64))
    """Who of a group has asked, by name; null where there is but one who can."""
    tokens: Mapped[int | None] = mapped_column(Integer)
    """How many it takes of a model's context, estimated; null in messages of before it was counted."""
    edited_at: Mapped[Timestamp | None]
    """When the person last changed it, in Telegram's words."""
    created_at: Mapped[CreatedAt]
