"""What a person may use."""

from functools import partial

from vitte.billing.repository import SubscriptionRepository
from vitte.billing.schemas import SubscriptionInfo
from vitte.clients.cache.protocol import PROFILE, Invalidator
from vitte.db.transaction import Transaction


class SubscriptionService:
    """Gives and tells subscriptions. It asks PostgreSQL always, for money may hang on the answer."""

    def __init__(
        self, transaction: Transaction, subscriptions: SubscriptionRepository, cache: Invalidator
    ) -> None:
        self._transaction = transaction
        self._subscriptions = subscriptions
        self._cache = cache

    async def give_free(self, user_id: int) -> None:
        """Give the free plan to a person who has no plan; harmless when repeated."""
        async with self._transaction:
            telegram_id = await self._subscriptions.give_free(user_id)
            if telegram_id is not None:
                self._transaction.on_commit(partial(self._cache.invalidate, PROFILE, telegram_id))

    async def current(self, user_id: int) -> SubscriptionInfo:
        """Return the plan that the person has; one without any gets the free plan."""
        async with self._transaction.single():
            subscription = await self._subscriptions.active(user_id)
        if subscription is None:
            async with self._transaction:
                await self.give_free(user_id)
                subscription = await self._subscriptions.active(user_id)
        if subscription is None:
            raise RuntimeError("a subscription vanished within its own transaction")
        return subscription
