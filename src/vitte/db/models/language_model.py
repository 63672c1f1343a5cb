"""Language models on offer."""

from decimal import Decimal

from sqlalchemy import Integer, Numeric, SmallInteger, String, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from vitte.db.models.base import Base, BigId, CreatedAt


class LanguageModel(Base):
    """A model that people may pick, and what it can.

    People's choices name it by its key. Prices are US dollars per million tokens.
    """

    __tablename__ = "models"

    id: Mapped[BigId]
    key: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(64))
    """What people see."""
    provider: Mapped[str] = mapped_column(String(64), server_default="default")
    """A name of `VITTE_LLM__PROVIDERS`, or "default"."""
    remote_name: Mapped[str] = mapped_column(String(128), server_default="")
    """The model's name at its provider; empty: the one in the settings."""
    fallbacks: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    """Keys of models that are asked in turn when this one does not begin to answer."""
    context_window: Mapped[int] = mapped_column(Integer, server_default=text("8192"))
    """Tokens that question and answer have together."""
    max_tokens: Mapped[int | None] = mapped_column(Integer)
    """Longest answer; null: as in the settings."""
    price_in: Mapped[Decimal] = mapped_column(Numeric(12, 4), server_default=text("0"))
    price_out: Mapped[Decimal] = mapped_column(Numeric(12, 4), server_default=text("0"))
    sees_images: Mapped[bool] = mapped_column(server_default=text("false"))
    uses_tools: Mapped[bool] = mapped_column(server_default=text("false"))
    plans: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    """Keys of the plans that may use it; empty: all."""
    position: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    is_enabled: Mapped[bool] = mapped_column(server_default=text("true"))
    created_at: Mapped[CreatedAt]

    def __str__(self) -> str:
        """What the panel calls it."""
        return self.name
