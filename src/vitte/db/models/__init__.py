"""One file a table."""

from vitte.db.models.base import Base
from vitte.db.models.dialog import Dialog
from vitte.db.models.inbox_update import InboxUpdate, UpdateLane, UpdateState
from vitte.db.models.job import Job, JobState
from vitte.db.models.language_model import LanguageModel
from vitte.db.models.memory import Memory
from vitte.db.models.message import Message, MessageRole
from vitte.db.models.persona import Persona
from vitte.db.models.plan_limits import PlanLimits
from vitte.db.models.subscription import Plan, Subscription, SubscriptionStatus
from vitte.db.models.usage import BotDay, CallState, UsageCall, UsageDay
from vitte.db.models.user import User
from vitte.db.models.user_settings import UserSettings

__all__ = [
    "Base",
    "BotDay",
    "CallState",
    "Dialog",
    "InboxUpdate",
    "Job",
    "JobState",
    "LanguageModel",
    "Memory",
    "Message",
    "MessageRole",
    "Persona",
    "Plan",
    "PlanLimits",
    "Subscription",
    "SubscriptionStatus",
    "UpdateLane",
    "UpdateState",
    "UsageCall",
    "UsageDay",
    "User",
    "UserSettings",
]
