"""What a person has chosen."""

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from vitte.db.models.base import Base, WithExtraData


class UserSettings(WithExtraData, Base):
    """A person's settings; a column that is null follows the default."""

    __tablename__ = "settings"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    language: Mapped[str | None] = mapped_column(String(35))
