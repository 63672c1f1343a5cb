"""Characters that the assistant can play."""

from sqlalchemy import SmallInteger, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from vitte.db.models.base import Base, BigId, CreatedAt


class Persona(Base):
    """A character: what a model is told to be, and how it greets.

    People's choices name it by its key; one that is gone is the first that is left.
    """

    __tablename__ = "personas"

    id: Mapped[BigId]
    key: Mapped[str] = mapped_column(String(64), unique=True)
    name_en: Mapped[str] = mapped_column(String(64))
    name_ru: Mapped[str] = mapped_column(String(64))
    prompt: Mapped[str] = mapped_column(Text, server_default="")
    """Follows the system prompt of the settings; may be empty."""
    greeting_en: Mapped[str] = mapped_column(Text, server_default="")
    greeting_ru: Mapped[str] = mapped_column(Text, server_default="")
    position: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    is_enabled: Mapped[bool] = mapped_column(server_default=text("true"))
    created_at: Mapped[CreatedAt]

    def __str__(self) -> str:
        """What the panel calls it."""
        return self.name_en
