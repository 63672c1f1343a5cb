"""One file a table."""

from vitte.db.models.base import Base
from vitte.db.models.dialog import Dialog
from vitte.db.models.inbox_update import InboxUpdate, UpdateLane, UpdateState
from vitte.db.models.job import Job, JobState
from vitte.db.models.message import Message, MessageRole
from vitte.db.models.subscription import Plan, Subscription, SubscriptionStatus
from vitte.db.models.user import User
from vitte.db.models.user_settings import UserSettings

__all__ = [
    "Base",
    "Dialog",
    "InboxUpdate",
    "Job",
    "JobState",
    "Message",
    "MessageRole",
    "Plan",
    "Subscription",
    "SubscriptionStatus",
    "UpdateLane",
    "UpdateState",
    "User",
    "UserSettings",
]
