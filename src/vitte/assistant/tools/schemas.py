"""What the tools and those who use them tell each other."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(slots=True)
class Budget:
    """How often tools were offered and used for one answer."""

    rounds: int = 0
    calls: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolContext:
    """Who asks, and where; made anew for each answer. A tool may do what this person may, and no more."""

    user_id: int
    telegram_id: int
    plan: str
    language: str
    chat_id: int
    is_group: bool = False
    topic_id: int | None = None
    budget: Budget = field(default_factory=Budget)


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Who may use a tool, and where. Empty plans and people are all of them."""

    plans: frozenset[str] = frozenset()
    people: frozenset[int] = frozenset()
    """Telegram ids."""
    groups: bool = True

    def allows(self, context: ToolContext) -> bool:
        """Tell whether the one who asks may use the tool here."""
        return (
            (not self.plans or context.plan in self.plans)
            and (not self.people or context.telegram_id in self.people)
            and (self.groups or not context.is_group)
        )


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a call came to: for the model, and in a few plain words for people."""

    text: str
    is_error: bool
    shown: str


@dataclass(frozen=True, slots=True)
class ToolNote:
    """What people are shown while a tool is used: the key of a text, and what goes into it."""

    text_key: str
    params: Mapping[str, str]
