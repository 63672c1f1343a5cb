"""What other rooms know of a subscription."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionInfo:
    """The plan a person has now; `expires_at` None means it does not end."""

    plan: str
    started_at: datetime
    expires_at: datetime | None
