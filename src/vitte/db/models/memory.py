"""What the assistant keeps in mind of a person."""

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from vitte.db.models.base import Base, BigId, CreatedAt


class Memory(Base):
    """One fact about a person, kept across dialogs.

    Its embedding is in the table `memory_embeddings`, which is there where pgvector is, and in no model.
    """

    __tablename__ = "memories"
    __table_args__ = (Index("ix_memories_user_id_id", "user_id", "id"),)

    id: Mapped[BigId]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    text: Mapped[str] = mapped_column(String(512))
    created_at: Mapped[CreatedAt]
