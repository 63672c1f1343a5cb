"""What each plan includes."""

from decimal import Decimal

from sqlalchemy import Integer, Numeric, SmallInteger, String, text
from sqlalchemy.orm import Mapped, mapped_column

from vitte.db.models.base import Base, BigId, CreatedAt


class PlanLimits(Base):
    """The limits of a plan; null is no limit. Days and months are those of UTC."""

    __tablename__ = "plans"

    id: Mapped[BigId]
    key: Mapped[str] = mapped_column(String(32), unique=True)
    """As in `Subscription.plan`."""
    name_en: Mapped[str] = mapped_column(String(64))
    name_ru: Mapped[str] = mapped_column(String(64))
    messages_per_day: Mapped[int | None] = mapped_column(Integer)
    tokens_per_month: Mapped[int | None]
    cost_per_day: Mapped[Decimal | None] = mapped_column(Numeric(12, 4))
    """US dollars that one person's calls may cost a day."""
    position: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    created_at: Mapped[CreatedAt]

    def __str__(self) -> str:
        """What the panel calls it."""
        return self.name_en
