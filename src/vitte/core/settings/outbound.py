"""How fast we may write to Telegram."""

from pydantic import BaseModel, Field

from vitte.core.settings.backends import Seconds


class OutboundSettings(BaseModel):
    """Limits on what all processes together send.

    Telegram's own words: one message a second in a chat, 20 a minute in a group, about 30 a second when
    writing to many: https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this .
    """

    overall_rate: float = Field(
        30, gt=0, description="Messages a second that mailings may use, less what answers have used."
    )
    interactive_rate: float = Field(
        100, gt=0, description="Answers a second: Telegram caps mailings, not replies."
    )
    chat_rate: float = Field(1, gt=0, description="Messages a second in one chat.")
    chat_burst: int = Field(2, ge=1, description="Messages at once in a chat that has rested.")
    group_per_minute: int = Field(20, ge=4, description="Messages a minute in one group.")
    draft_rate: float = Field(1, gt=0, description="Drafts of a streaming answer a second.")
    redis_timeout: Seconds = Field(0.1, description="Seconds to wait for the shared limits.")
    redis_retry: Seconds = Field(
        5, description="Seconds with limits of the process's own before Redis is tried again."
    )
