"""What is left of a plan."""

from vitte.core.clock import Clock
from vitte.db.transaction import Transaction
from vitte.usage.calendar import Period
from vitte.usage.repository import UsageRepository
from vitte.usage.schemas import UsageLeft


class UsageService:
    """Tells people how much of their plan they have used. What decides is `UsageLedger`."""

    def __init__(self, transaction: Transaction, usage: UsageRepository, clock: Clock) -> None:
        self._transaction = transaction
        self._usage = usage
        self._clock = clock

    async def left(self, user_id: int, plan: str) -> UsageLeft:
        """Return what the plan includes and how much of it is used, in one statement."""
        async with self._transaction.single():
            return await self._usage.left(user_id, plan, period=Period(self._clock.now()))
