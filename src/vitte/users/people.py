"""People read and met many at once."""

from collections.abc import Sequence
from functools import partial

import structlog

from vitte.clients.cache.protocol import PROFILE, Invalidator
from vitte.db.batching import Batcher
from vitte.db.engine import SessionFactory
from vitte.db.transaction import Transaction
from vitte.users.repository import UserRepository
from vitte.users.schemas import Met, Profile, TelegramProfile

logger = structlog.get_logger(__name__)


class People:
    """What PostgreSQL knows of people.

    Lives as long as its process and is used by many tasks at once: those who come while others are being
    looked up or met are next, together.
    """

    def __init__(self, session_factory: SessionFactory, cache: Invalidator) -> None:
        self._session_factory = session_factory
        self._cache = cache
        self._looks: Batcher[int, Profile | None] = Batcher(self._read)
        self._meetings: Batcher[TelegramProfile, Met] = Batcher(
            self._meet, key=lambda profile: profile.telegram_id
        )

    async def profile(self, telegram_id: int) -> Profile | None:
        """Return what is committed of a person."""
        return await self._looks.add(telegram_id)

    async def meet(self, profile: TelegramProfile) -> Met:
        """Return what is stored of a person; store what is not, and give who is new the free plan.

        However many first messages race, the person and the subscription come into being once, and one caller
        gets `is_new`.
        """
        return await self._meetings.add(profile)

    async def _read(self, telegram_ids: Sequence[int]) -> list[Profile | None]:
        transaction = Transaction(self._session_factory)
        async with transaction.single():
            found = await UserRepository(transaction).profiles(telegram_ids)
        return [found.get(telegram_id) for telegram_id in telegram_ids]

    async def _meet(self, profiles: Sequence[TelegramProfile]) -> list[Met]:
        transaction = Transaction(self._session_factory)
        async with transaction.single():
            met = await UserRepository(transaction).meet(profiles)
            if written := [telegram_id for telegram_id, one in met.items() if one.is_written]:
                transaction.on_commit(partial(self._cache.invalidate, PROFILE, *written))
        for one in met.values():
            if one.is_new:
                logger.info("user_registered", user_id=one.profile.id)
        return [met[profile.telegram_id] for profile in profiles]
