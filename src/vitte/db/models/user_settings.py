"""What a person has chosen."""

from sqlalchemy import ForeignKey, String, text
from sqlalchemy.orm import Mapped, mapped_column

from vitte.db.models.base import Base, WithExtraData


class UserSettings(WithExtraData, Base):
    """A person's settings; a column that is null follows the default."""

    __tablename__ = "settings"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    language: Mapped[str | None] = mapped_column(String(35))
    persona: Mapped[str | None] = mapped_column(String(64))
    """Key of the persona that new dialogs begin with."""
    model: Mapped[str | None] = mapped_column(String(64))
    """Key of the model that answers."""
    remembers: Mapped[bool] = mapped_column(server_default=text("true"))
    """Whether facts about the person are kept and used."""
    speaks: Mapped[bool] = mapped_column(server_default=text("false"))
    """Whether answers are spoken as well."""
