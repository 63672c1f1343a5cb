"""People."""

from sqlalchemy import Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from vitte.db.models.base import Base, BigId, CreatedAt, Timestamp, WithExtraData


class User(WithExtraData, Base):
    """A person who has written to the bot."""

    __tablename__ = "users"
    __table_args__ = (
        # The panel lists them, and most people are none.
        Index("ix_users_blocked", "id", postgresql_where=text("blocked_bot_at IS NOT NULL")),
    )

    id: Mapped[BigId]
    telegram_id: Mapped[int] = mapped_column(unique=True)
    first_name: Mapped[str] = mapped_column(String(256))
    last_name: Mapped[str | None] = mapped_column(String(256))
    username: Mapped[str | None] = mapped_column(String(64))
    language_code: Mapped[str | None] = mapped_column(String(35))
    created_at: Mapped[CreatedAt]
    blocked_bot_at: Mapped[Timestamp | None]
    last_seen_at: Mapped[Timestamp | None]
    """When the person last wrote or pressed a button, up to a minute late; None: not since this is noted.

    In no index, so that writing it changes a person's row in its place and leaves the indexes alone.
    """
    stopped_message_id: Mapped[int | None]
    """The newest question whose answer the person did not want any more, by its message id.

    One is enough: a chat has one answer in the making, and what came before it is over.
    """

    def __str__(self) -> str:
        """What the panel calls this person."""
        return " ".join(filter(None, (self.first_name, self.last_name)))
