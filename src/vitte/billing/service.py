"""What a person may use."""

from vitte.billing.repository import SubscriptionRepository
from vitte.billing.schemas import SubscriptionInfo
from vitte.db.models import Plan
from vitte.db.transaction import Transaction


class SubscriptionService:
    """Gives and tells subscriptions."""

    def __init__(self, transaction: Transaction, subscriptions: SubscriptionRepository) -> None:
        self._transaction = transaction
        self._subscriptions = subscriptions

    async def give_free(self, user_id: int) -> None:
        """Give the free plan to a person who has no plan; harmless when repeated."""
        async with self._transaction:
            await self._subscriptions.add_active(user_id, plan=Plan.FREE)

    async def current(self, user_id: int) -> SubscriptionInfo:
        """Return the plan that the person has; one without any gets the free plan."""
        async with self._transaction.single():
            subscription = await self._subscriptions.active(user_id)
        if subscription is None:
            async with self._transaction:
                await self._subscriptions.add_active(user_id, plan=Plan.FREE)
                subscription = await self._subscriptions.active(user_id)
        if subscription is None:
            raise RuntimeError("a subscription vanished within its own transaction")
        return subscription
