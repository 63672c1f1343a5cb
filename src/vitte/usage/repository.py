"""Queries about what calls cost."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, delete, select

from vitte.db.batches import is_one_of
from vitte.db.models import BotDay, CallState, UsageCall
from vitte.db.transaction import Transaction
from vitte.usage.calendar import Period
from vitte.usage.schemas import (
    Allowance,
    CallRequest,
    ClosedCalls,
    Limit,
    Settled,
    Settlement,
    Spending,
    UsageLeft,
    Verdict,
)
from vitte.usage.statements import EXPIRE, FORGET_DAYS, LEFT, OLD_DAYS, RESERVE, SETTLE, SPENDING

_DAYS = 50
"""Days of one person that are forgotten at a time: each day one more is past its time."""


class UsageRepository:
    """Calls and their sums."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def reserve(
        self, requests: Sequence[CallRequest], *, period: Period, expires_at: datetime, budget: int | None
    ) -> dict[int, Verdict]:
        """Reserve what fits into all limits, and tell of each request, by its person, what became of it.

        No two are of one person. `budget` is what the bot may spend a day, in micro-dollars.
        """
        rows = await self._transaction.run(
            RESERVE,
            user_ids=[one.user_id for one in requests],
            plans=[one.plan for one in requests],
            kinds=[one.kind for one in requests],
            models=[one.model for one in requests],
            dialog_ids=[one.dialog_id for one in requests],
            tokens=[one.tokens for one in requests],
            costs=[one.cost for one in requests],
            messages=[int(one.counts_as_message) for one in requests],
            day=period.day,
            days=period.days_in_use(),
            first=period.first,
            last=period.last,
            now=period.now,
            expires_at=expires_at,
            budget=budget,
        )
        return {row.user_id: _verdict(row, budget=budget) for row in rows}

    async def settle(self, used: Sequence[Settlement], *, now: datetime) -> Settled:
        """Put what calls took in the place of their reservations; no two of one call."""
        return settled(await self._transaction.run(SETTLE, **settling(used, now=now)))

    async def expire(self, *, now: datetime, limit: int) -> list[ClosedCalls]:
        """Close up to `limit` calls that nobody came back from by `now`."""
        rows = await self._transaction.run(EXPIRE, now=now, limit=limit)
        return [_closed(row) for row in rows]

    async def left(
        self, asked: Sequence[tuple[int, str]], *, period: Period
    ) -> dict[tuple[int, str], UsageLeft]:
        """Return what each of these plans includes, and how much of it its person has used."""
        rows = await self._transaction.run(
            LEFT,
            user_ids=[user_id for user_id, _ in asked],
            plans=[plan for _, plan in asked],
            day=period.day,
            first=period.first,
            last=period.last,
        )
        return {(row.user_id, row.plan): _left(row, period) for row in rows}

    async def spending(self, *, day: date) -> Spending:
        """Return how things stand."""
        (row,) = await self._transaction.run(SPENDING, day=day)
        return Spending(open=row.open, cost_today=row.cost_today)

    async def purge_calls(self, *, before: datetime, limit: int) -> int:
        """Delete up to `limit` calls that were made before, oldest first, and none that is open."""
        old = (
            select(UsageCall.id)
            .where(UsageCall.created_at < before, UsageCall.state != CallState.RESERVED)
            .order_by(UsageCall.created_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        deleted = await self._transaction.session.scalars(
            delete(UsageCall).where(is_one_of(UsageCall.id, old)).returning(UsageCall.id)
        )
        return len(deleted.all())

    async def purge_days(self, *, before: date, after: int, people: int) -> tuple[int | None, int]:
        """Delete sums of days before `before` of the next `people` people after the person `after`.

        Returns the last of these people, None when there is nobody left, and how many sums are gone.
        """
        rows = await self._transaction.run(OLD_DAYS, before=before, after=after, people=people, days=_DAYS)
        old = [(row.id, day) for row in rows for day in row.days]
        gone = await self._transaction.run(
            FORGET_DAYS, user_ids=[one[0] for one in old], days=[one[1] for one in old]
        )
        return (rows[-1].id if rows else None), len(gone)

    async def purge_bot_days(self, *, before: date) -> int:
        """Delete the bot's sums of days before `before`."""
        deleted = await self._transaction.session.scalars(
            delete(BotDay).where(BotDay.day < before).returning(BotDay.day)
        )
        return len(deleted.all())


def settling(used: Sequence[Settlement], *, now: datetime) -> dict[str, Any]:
    """Return the parameters of what settles these calls."""
    return {
        "ids": [one.id for one in used],
        "prompt_tokens": [one.prompt_tokens for one in used],
        "completion_tokens": [one.completion_tokens for one in used],
        "estimated": [one.is_estimated for one in used],
        "outcomes": [one.outcome for one in used],
        "costs": [one.cost for one in used],
        "refunded": [int(one.refunds_message) for one in used],
        "now": now,
    }


def settled(rows: Sequence[Row[Any]]) -> Settled:
    """Read the rows that `CLOSED` returns."""
    ids = frozenset(call_id for row in rows for call_id in row.ids)
    return Settled(ids, [_closed(row) for row in rows])


def _verdict(row: Row[Any], *, budget: int | None) -> Verdict:
    allowed: Mapping[str, int | None] = {
        Limit.MESSAGES: row.messages_per_day,
        Limit.TOKENS: row.tokens_per_month,
        Limit.COST: row.cost_per_day,
        Limit.BUDGET: budget,
    }
    return Verdict(
        call_id=row.id,
        limit=None if row.reached is None else Limit(row.reached),
        allowed=allowed.get(row.reached) or 0,
    )


def _left(row: Row[Any], period: Period) -> UsageLeft:
    return UsageLeft(
        names={} if row.name_en is None else {"en": row.name_en, "ru": row.name_ru},
        messages=Allowance(used=row.messages, limit=row.messages_per_day, renews_at=period.day_ends),
        tokens=Allowance(used=row.tokens, limit=row.tokens_per_month, renews_at=period.month_ends),
    )


def _closed(row: Row[Any]) -> ClosedCalls:
    return ClosedCalls(
        kind=row.kind,
        model=row.model,
        outcome=row.outcome,
        count=row.calls,
        prompt_tokens=row.prompt_tokens,
        completion_tokens=row.completion_tokens,
        cost=int(row.cost),
    )
