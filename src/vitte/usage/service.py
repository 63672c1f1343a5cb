"""What is left of a plan."""

from collections.abc import Sequence

from vitte.core.clock import Clock
from vitte.db.batching import Batcher
from vitte.db.engine import SessionFactory
from vitte.db.transaction import Transaction
from vitte.usage.calendar import Period
from vitte.usage.repository import UsageRepository
from vitte.usage.schemas import UsageLeft


class UsageService:
    """Tells people how much of their plan they have used. What decides is `UsageLedger`.

    Lives as long as its process and is used by many tasks at once: those who ask while others are being
    answered share the next statement.
    """

    def __init__(self, session_factory: SessionFactory, clock: Clock) -> None:
        self._session_factory = session_factory
        self._clock = clock
        self._looks: Batcher[tuple[int, str], UsageLeft] = Batcher(self._look)

    async def left(self, user_id: int, plan: str) -> UsageLeft:
        """Return what the plan includes and how much of it is used, in one statement."""
        return await self._looks.add((user_id, plan))

    async def _look(self, asked: Sequence[tuple[int, str]]) -> list[UsageLeft]:
        transaction = Transaction(self._session_factory)
        async with transaction.single():
            left = await UsageRepository(transaction).left(asked, period=Period(self._clock.now()))
        return [left[one] for one in asked]
