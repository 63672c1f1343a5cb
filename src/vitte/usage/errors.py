"""Limits that are reached."""

from datetime import datetime
from typing import ClassVar

from vitte.core.errors import VitteError
from vitte.usage.schemas import Limit


class LimitReachedError(VitteError):
    """A call would go beyond a limit. `limit` says which; what it counts begins anew at `renews_at`."""

    code = "limit_reached"
    status = 429
    limit: ClassVar[Limit]

    def __init__(self, *, allowed: int, now: datetime, renews_at: datetime) -> None:
        super().__init__(f"{self.limit}: {allowed}", allowed=allowed, renews_in=renews_at - now)
        self.renews_at = renews_at


class MessagesReachedError(LimitReachedError):
    """The messages of the day are used up."""

    text_key = "error-limit-messages"
    limit = Limit.MESSAGES


class TokensReachedError(LimitReachedError):
    """The tokens of the month are not enough for this call."""

    text_key = "error-limit-tokens"
    limit = Limit.TOKENS


class CostReachedError(LimitReachedError):
    """This call would cost more than is left of what a person's calls may cost a day."""

    text_key = "error-limit-cost"
    limit = Limit.COST


class BudgetReachedError(LimitReachedError):
    """This call would cost more than is left of what the whole bot may spend a day."""

    text_key = "error-limit-budget"
    limit = Limit.BUDGET


ERRORS: dict[Limit, type[LimitReachedError]] = {
    error.limit: error
    for error in (MessagesReachedError, TokensReachedError, CostReachedError, BudgetReachedError)
}
"""What is raised at each limit."""
