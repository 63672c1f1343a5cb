"""What nobody came back from, and what is old."""

from datetime import timedelta
from functools import partial

import structlog

from vitte.core.clock import Clock
from vitte.core.settings.usage import UsageSettings
from vitte.db.batches import in_batches, in_transactions
from vitte.db.engine import SessionFactory
from vitte.db.transaction import Transaction
from vitte.usage.metrics import count_closed
from vitte.usage.repository import UsageRepository
from vitte.usage.schemas import Spending

logger = structlog.get_logger(__name__)

_BATCH = 500
_PURGE_BATCH = 5000
_PEOPLE = 100


class UsageSweeper:
    """Looks after calls as a whole. Any number may sweep at once: a call is closed by one of them."""

    def __init__(self, session_factory: SessionFactory, clock: Clock, settings: UsageSettings) -> None:
        self._session_factory = session_factory
        self._clock = clock
        self._settings = settings

    async def expire(self) -> int:
        """Close all calls that are past their time: their process was killed. Returns how many."""
        total = await in_batches(self._expire_some, size=_BATCH)
        if total:
            logger.warning("calls_expired", count=total)
        return total

    async def _expire_some(self) -> int:
        transaction = Transaction(self._session_factory)
        async with transaction.single():
            expired = await UsageRepository(transaction).expire(now=self._clock.now(), limit=_BATCH)
        for one in expired:
            count_closed(one)
        return sum(one.count for one in expired)

    async def spending(self) -> Spending:
        """Return how things stand."""
        transaction = Transaction(self._session_factory)
        async with transaction.single():
            return await UsageRepository(transaction).spending(day=self._clock.now().date())

    async def purge(self) -> tuple[int, int]:
        """Forget calls and days that are past their time, a batch at a time; return how many of each."""
        calls = await self._purge_calls()
        days = await self._purge_days()
        return calls, days

    async def _purge_calls(self) -> int:
        before = self._clock.now() - timedelta(days=self._settings.keep_calls_days)
        transaction = Transaction(self._session_factory)
        purge = partial(UsageRepository(transaction).purge_calls, before=before, limit=_PURGE_BATCH)
        return await in_transactions(transaction, purge, size=_PURGE_BATCH)

    async def _purge_days(self) -> int:
        before = self._clock.now().date() - timedelta(days=self._settings.keep_days)
        last: int | None = 0
        total = 0
        while last is not None:
            transaction = Transaction(self._session_factory)
            async with transaction:
                last, deleted = await UsageRepository(transaction).purge_days(
                    before=before, after=last, people=_PEOPLE
                )
            total += deleted
        transaction = Transaction(self._session_factory)
        async with transaction:
            await UsageRepository(transaction).purge_bot_days(before=before)
        return total
