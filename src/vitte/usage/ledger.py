"""What calls may cost and did cost, kept in PostgreSQL before and after each of them."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Any

import structlog

from vitte.core.clock import Clock
from vitte.core.errors import UnavailableError
from vitte.core.settings.usage import UsageSettings
from vitte.db.batching import Batcher
from vitte.db.engine import SessionFactory
from vitte.db.outages import DATABASE_ERRORS, outlast
from vitte.db.transaction import Transaction
from vitte.usage.calendar import Period
from vitte.usage.costs import cost_of, micro_dollars
from vitte.usage.errors import ERRORS
from vitte.usage.metrics import LIMITS_REACHED, count_closed
from vitte.usage.repository import UsageRepository, settling
from vitte.usage.schemas import CallRequest, Limit, Reservation, Settled, Settlement, Verdict

logger = structlog.get_logger(__name__)

_TRIES = 100
"""How often to ask again when others were changing the same. Of those who ask one always gets an answer."""


class UsageLedger:
    """Reserves what a call to a model may cost, and settles what it did cost.

    Before each call, once its prompt is known::

        reservation = await ledger.reserve(CallRequest(...))    # raises LimitReachedError

    and after it, however it ended: complete, stopped, failed, or in an error that nobody expected::

        await ledger.settle(settlement_of(reservation, prompt_tokens=..., completion_tokens=...,
                                          is_estimated=..., outcome="complete"))

    What is reserved counts against every limit until it is settled. What never is, because its process was
    killed, is closed by the sweeper and counts as what was reserved; its update is tried again and reserves
    anew. A call that ends in nothing may give its message back with `refund_message`. Whoever has a statement
    to write at that moment anyway can settle by that, with `parameters` and `tell`.

    Lives as long as its process and is used by many tasks at once: what comes up while PostgreSQL is busy
    shares the next statement, each person once in it. Nothing is put off: both return when their own part is
    committed. Limits are read in the statement that reserves, and from no cache.
    """

    def __init__(self, session_factory: SessionFactory, clock: Clock, settings: UsageSettings) -> None:
        self._session_factory = session_factory
        self._clock = clock
        self._ttl = timedelta(seconds=settings.reservation_ttl)
        self._budget = micro_dollars(settings.daily_budget) if settings.daily_budget else None
        self._requests: Batcher[CallRequest, tuple[Verdict, Period]] = Batcher(
            self._reserve, key=lambda request: request.user_id
        )
        self._settlements: Batcher[Settlement, bool] = Batcher(self._settle, key=lambda used: used.user_id)

    async def reserve(self, request: CallRequest) -> Reservation:
        """Reserve what a call takes at most, if it fits into every limit.

        The limits are those of the person's plan, and the bot's own budget; they count what is settled and
        what is reserved, by anybody. Raises LimitReachedError when one of them does not allow it, and
        `DATABASE_ERRORS` when PostgreSQL is away: no call is made then.
        """
        for _ in range(_TRIES):
            verdict, period = await self._requests.add(request)
            if verdict.limit is not None:
                raise _reached(verdict.limit, request, verdict, period)
            if verdict.call_id is not None:
                return Reservation(id=verdict.call_id, request=request)
        raise UnavailableError("others were changing the same sums all the time")

    async def settle(self, used: Settlement) -> bool:
        """Put what a call took in the place of what was reserved for it; return whether this did so.

        The second settling of a call changes nothing, nor does one that comes when the sweeper has closed it.
        What it took is kept as it is, also when it is more than was reserved. While PostgreSQL is away this
        waits for it. What it refuses to take, locked for too long perhaps, is left to the sweeper: the call
        was made, and what came of it is not to be thrown away for that.
        """
        try:
            is_settled = await outlast(partial(self._settlements.add, used))
        except DATABASE_ERRORS:
            logger.exception("call_not_settled", call_id=used.id, kind=used.kind)
            return False
        tell(used, is_settled=is_settled)
        return is_settled

    async def settle_in(self, transaction: Transaction, used: Sequence[Settlement]) -> frozenset[int]:
        """Settle calls in a transaction, as the last of what it does: others wait for the sums of the day.

        No two of one call. Returns the ids of those that were open until then.
        """
        done = await UsageRepository(transaction).settle(used, now=self._clock.now())

        async def committed() -> None:
            count_settled(done)

        transaction.on_commit(committed)
        return done.ids

    def parameters(self, used: Sequence[Settlement]) -> dict[str, Any]:
        """Return the parameters of a statement that settles these calls besides; no two of one call."""
        return settling(used, now=self._clock.now())

    async def _reserve(self, requests: Sequence[CallRequest]) -> list[tuple[Verdict, Period]]:
        period = Period(self._clock.now())
        transaction = Transaction(self._session_factory)
        async with transaction.single():
            verdicts = await UsageRepository(transaction).reserve(
                requests, period=period, expires_at=period.now + self._ttl, budget=self._budget
            )
        return [(verdicts[one.user_id], period) for one in requests]

    async def _settle(self, used: Sequence[Settlement]) -> list[bool]:
        transaction = Transaction(self._session_factory)
        async with transaction.single():
            done = await UsageRepository(transaction).settle(used, now=self._clock.now())
        count_settled(done)
        return [one.id in done.ids for one in used]


def count_settled(done: Settled) -> None:
    """Count calls that are settled and committed."""
    for sums in done.sums:
        count_closed(sums)


def tell(used: Settlement, *, is_settled: bool) -> None:
    """Write into the log what became of a call, in the name of whoever made it."""
    if is_settled:
        logger.info(
            "call_settled",
            kind=used.kind,
            model=used.model,
            outcome=used.outcome,
            tokens=used.prompt_tokens + used.completion_tokens,
            cost=used.cost,
        )
    else:
        logger.warning("call_closed_before", call_id=used.id, outcome=used.outcome)


def settlement_of(
    reservation: Reservation,
    *,
    prompt_tokens: int,
    completion_tokens: int,
    is_estimated: bool,
    outcome: str,
    refund_message: bool = False,
) -> Settlement:
    """Return what `UsageLedger.settle` writes.

    `outcome` is "complete", "stopped" or an error's code; `refund_message` gives back the message of a call
    that a person got nothing for.
    """
    request = reservation.request
    return Settlement(
        id=reservation.id,
        user_id=request.user_id,
        kind=request.kind,
        model=request.model,
        prompt_tokens=prompt_tokens,
        completion_tokens=completion_tokens,
        is_estimated=is_estimated,
        outcome=outcome,
        cost=cost_of(prompt_tokens, completion_tokens, request.price_in, request.price_out),
        refunds_message=refund_message and request.counts_as_message,
    )


def _reached(limit: Limit, request: CallRequest, verdict: Verdict, period: Period) -> Exception:
    LIMITS_REACHED.labels(limit).inc()
    logger.info("limit_reached", limit=limit, user_id=request.user_id, kind=request.kind)
    return ERRORS[limit](
        allowed=verdict.allowed,
        now=period.now,
        renews_at=period.month_ends if limit is Limit.TOKENS else period.day_ends,
    )
