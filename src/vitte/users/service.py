"""First contact, and who is who."""

import structlog

from vitte.billing.service import SubscriptionService
from vitte.db.transaction import Transaction
from vitte.users.repository import UserRepository
from vitte.users.schemas import PeopleCount, Person, TelegramProfile

logger = structlog.get_logger(__name__)


class UserService:
    """Knows people by their Telegram profile."""

    def __init__(
        self, transaction: Transaction, users: UserRepository, subscriptions: SubscriptionService
    ) -> None:
        self._transaction = transaction
        self._users = users
        self._subscriptions = subscriptions

    async def meet(self, profile: TelegramProfile) -> Person:
        """Return the person behind a profile; at first contact register them and give the free plan.

        However many first messages race, the person and the subscription come into being once.
        """
        async with self._transaction.single():
            known = await self._users.find(profile)
        if known is not None:
            return known
        async with self._transaction:
            person = await self._users.upsert(profile)
            if person.is_new:
                await self._subscriptions.give_free(person.id)
        if person.is_new:
            logger.info("user_registered", user_id=person.id)
        return person

    async def find(self, telegram_id: int) -> Person | None:
        """Return a person who has been met before."""
        async with self._transaction:
            return await self._users.find_known(telegram_id)

    async def count(self) -> PeopleCount:
        """Count everybody."""
        async with self._transaction:
            return await self._users.count()

    async def set_blocked(self, telegram_id: int, *, blocked: bool) -> None:
        """Note that a person has blocked the bot, or has let it back in."""
        async with self._transaction:
            await self._users.set_blocked(telegram_id, blocked=blocked)
        logger.info("bot_blocked" if blocked else "bot_unblocked")
