"""People read and registered many at once."""

from collections.abc import Sequence
from functools import partial

import structlog

from vitte.clients.cache.protocol import PROFILE, Invalidator
from vitte.db.batching import Batcher
from vitte.db.engine import SessionFactory
from vitte.db.transaction import Transaction
from vitte.users.repository import UserRepository
from vitte.users.schemas import Person, Profile, TelegramProfile

logger = structlog.get_logger(__name__)


class People:
    """What PostgreSQL knows of people.

    Lives as long as its process and is used by many tasks at once: those who come while others are being
    looked up or registered are next, together.
    """

    def __init__(self, session_factory: SessionFactory, cache: Invalidator) -> None:
        self._session_factory = session_factory
        self._cache = cache
        self._looks: Batcher[int, Profile | None] = Batcher(self._read)
        self._arrivals: Batcher[TelegramProfile, Person] = Batcher(
            self._register, key=lambda profile: profile.telegram_id
        )

    async def profile(self, telegram_id: int) -> Profile | None:
        """Return what is committed of a person."""
        return await self._looks.add(telegram_id)

    async def register(self, profile: TelegramProfile) -> Person:
        """Store a person, or what has changed of them, and give who is new the free plan.

        However many first messages race, the person and the subscription come into being once, and one caller
        gets `is_new`.
        """
        return await self._arrivals.add(profile)

    async def _read(self, telegram_ids: Sequence[int]) -> list[Profile | None]:
        transaction = Transaction(self._session_factory)
        async with transaction.single():
            found = await UserRepository(transaction).profiles(telegram_ids)
        return [found.get(telegram_id) for telegram_id in telegram_ids]

    async def _register(self, profiles: Sequence[TelegramProfile]) -> list[Person]:
        telegram_ids = [profile.telegram_id for profile in profiles]
        transaction = Transaction(self._session_factory)
        async with transaction.single():
            people = await UserRepository(transaction).upsert(profiles)
            transaction.on_commit(partial(self._cache.invalidate, PROFILE, *telegram_ids))
        for person in people:
            if person.is_new:
                logger.info("user_registered", user_id=person.id)
        by_telegram_id = {person.telegram_id: person for person in people}
        return [by_telegram_id[telegram_id] for telegram_id in telegram_ids]
