"""What watches over the product, and what keeps copies of it."""

from pydantic import BaseModel, Field, SecretStr


class SentrySettings(BaseModel):
    """Reports of unexpected errors, to Sentry or to what speaks like it."""

    dsn: SecretStr = Field(SecretStr(""), description="Where reports go; empty: nowhere.")


class AlertSettings(BaseModel):
    """Who is told when something is wrong."""

    chat_id: int = Field(
        0, description="Telegram chat of the owner, who has to write to the bot first; 0: nobody is told."
    )
