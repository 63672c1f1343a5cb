"""What is asked of the ledger, and what it tells."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum


class Limit(StrEnum):
    """What may be used up."""

    MESSAGES = "messages_per_day"
    TOKENS = "tokens_per_month"
    COST = "cost_per_day"
    BUDGET = "bot_cost_per_day"
    """The budget of the whole bot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRequest:
    """A call to a model that is about to be made.

    `tokens` (of prompt and answer together) and `cost` (micro-dollars) are what it may take at most.
    `kind` is what it is for: "chat", "title", "summary", ...; of these only what a person asked for counts as
    a message. `plan` is that of a person who has no subscription: else PostgreSQL knows better. Prices are
    US dollars per million tokens.
    """

    user_id: int
    plan: str
    kind: str
    model: str
    tokens: int
    cost: int
    counts_as_message: bool
    dialog_id: int | None = None
    price_in: Decimal = Decimal(0)
    price_out: Decimal = Decimal(0)

    def __post_init__(self) -> None:
        """Refuse what would give something back. Raises ValueError."""
        if self.tokens < 0 or self.cost < 0 or self.price_in < 0 or self.price_out < 0:
            raise ValueError("a call takes no less than nothing")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """What may be spent on a call: to be settled once it is known what was."""

    id: int
    request: CallRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """What a call took, by the id of its reservation. `outcome` is "complete", or what else it came to."""

    id: int
    user_id: int
    kind: str
    model: str
    prompt_tokens: int
    completion_tokens: int
    is_estimated: bool
    outcome: str
    cost: int
    refunds_message: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of a request: the id of its call, or the limit that it meets and what that allows.

    Neither when another process was just changing the same: whoever asks once more is told.
    """

    call_id: int | None
    limit: Limit | None
    allowed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedCalls:
    """Calls of one kind, model and outcome that are over, in sum. `cost` is in micro-dollars."""

    kind: str
    model: str
    outcome: str
    count: int
    prompt_tokens: int
    completion_tokens: int
    cost: int


@dataclass(frozen=True, slots=True)
class Settled:
    """What came of settling calls: the ids of those that were open until then, and their sums."""

    ids: frozenset[int]
    sums: Sequence[ClosedCalls]


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """How much of something is used, what is reserved included, and when it begins anew."""

    used: int
    limit: int | None
    """None: as much as one likes."""
    renews_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageLeft:
    """What a person's plan includes, and how much of it is used."""

    names: dict[str, str]
    """What the plan is called, by language; empty when there is no such plan."""
    messages: Allowance
    """Of today."""
    tokens: Allowance
    """Of this month."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """How things stand: reservations that are open, and micro-dollars spent today."""

    open: int
    cost_today: int
