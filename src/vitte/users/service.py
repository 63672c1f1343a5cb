"""First contact, and who is who."""

from functools import partial

import structlog

from vitte.clients.cache.decorator import cached
from vitte.clients.cache.protocol import PROFILE, Cache
from vitte.db.transaction import Transaction
from vitte.users.people import People
from vitte.users.repository import UserRepository
from vitte.users.schemas import PeopleCount, Person, Profile, TelegramProfile

logger = structlog.get_logger(__name__)


class UserService:
    """Knows people by their Telegram profile."""

    def __init__(self, transaction: Transaction, users: UserRepository, people: People, cache: Cache) -> None:
        self._transaction = transaction
        self._users = users
        self._people = people
        self._cache = cache

    @cached(PROFILE, Profile, key=lambda telegram_id: telegram_id)
    async def profile(self, telegram_id: int) -> Profile | None:
        """Return what is known of a person; up to a second old, so never for what costs something."""
        if self._transaction.is_open:
            return (await self._users.profiles([telegram_id])).get(telegram_id)
        return await self._people.profile(telegram_id)

    async def meet(self, profile: TelegramProfile) -> Person:
        """Return the person behind a profile; at first contact register them and give the free plan.

        However many first messages race, the person and the subscription come into being once. Registering
        is a transaction of its own.
        """
        known = await self.profile(profile.telegram_id)
        if known is not None and known.telegram == profile and not known.has_blocked_bot:
            return _person(known)
        return await self._people.register(profile)

    async def find(self, telegram_id: int) -> Person | None:
        """Return a person who has been met before."""
        known = await self.profile(telegram_id)
        return None if known is None else _person(known)

    async def count(self) -> PeopleCount:
        """Count everybody."""
        async with self._transaction:
            return await self._users.count()

    async def set_blocked(self, telegram_id: int, *, blocked: bool) -> None:
        """Note that a person has blocked the bot, or has let it back in."""
        async with self._transaction:
            await self._users.set_blocked(telegram_id, blocked=blocked)
            self._forget(telegram_id)
        logger.info("bot_blocked" if blocked else "bot_unblocked")

    def _forget(self, telegram_id: int) -> None:
        self._transaction.on_commit(partial(self._cache.invalidate, PROFILE, telegram_id))


def _person(profile: Profile) -> Person:
    return Person(
        id=profile.id,
        telegram_id=profile.telegram.telegram_id,
        first_name=profile.telegram.first_name,
        language_code=profile.settings.language or profile.telegram.language_code,
        subscription=profile.subscription,
    )
