"""What watches over the product, and what keeps copies of it."""

from pydantic import BaseModel, Field


class AlertSettings(BaseModel):
    """Who is told when something is wrong."""

    chat_id: int = Field(
        0, description="Telegram chat of the owner, who has to write to the bot first; 0: nobody is told."
    )
