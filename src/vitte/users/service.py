"""First contact, and who is who."""

from functools import partial

import structlog

from vitte.clients.cache.decorator import cached
from vitte.clients.cache.protocol import PROFILE, Cache
from vitte.db.transaction import Transaction
from vitte.users.people import People
from vitte.users.repository import UserRepository
from vitte.users.schemas import Awaited, Met, PeopleCount, Person, Profile, TelegramProfile

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
        met: list[Met] = []
        known = await self._known(profile, met)
        if not met:
            if known is not None and known.telegram == profile and not known.has_blocked_bot:
                return _person(known)
            met.append(await self._people.meet(profile))
        return _person(met[0].profile, is_new=met[0].is_new)

    @cached(PROFILE, Profile, key=lambda profile, met: profile.telegram_id)  # noqa: ARG005 - named alike
    async def _known(self, profile: TelegramProfile, met: list[Met]) -> Profile | None:
        """Return what is cached of a person. If nothing is, look and register by one statement; `met` tells.

        What others get who wait for the same load does not tell who is new.
        """
        met.append(await self._people.meet(profile))
        return met[0].profile

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

    async def choose_language(self, person: Person, language: str | None) -> None:
        """Talk to the person in this language from now on; None: in that of their Telegram."""
        await self._choose(person, language=language)

    async def choose_persona(self, person: Person, key: str) -> None:
        """Begin the person's new dialogs with this persona."""
        await self._choose(person, persona=key)

    async def choose_model(self, person: Person, key: str) -> None:
        """Let this model answer the person's next questions."""
        await self._choose(person, model=key)

    async def choose_voice(self, person: Person, *, speaks: bool) -> None:
        """Speak answers as well, or do not."""
        await self._choose(person, speaks=speaks)

    async def await_text(self, person: Person, awaited: Awaited) -> None:
        """Take the person's next text for what they are asked for, until then; instead of anything before."""
        async with self._transaction:
            await self._users.set_awaited(person.id, awaited)
            self._forget(person.telegram_id)

    async def stop_awaiting(self, person: Person) -> None:
        """Take the person's next text for a question again."""
        async with self._transaction:
            await self._users.forget_awaited(person.id)
            self._forget(person.telegram_id)

    async def take_text(self, person: Person, message_id: int) -> Awaited | None:
        """Return what a text of the person's was asked for, and ask no more; None if it was not, after all.

        Handled again, the same message gets the same.
        """
        async with self._transaction:
            taken = await self._users.take_awaited(person.id, message_id)
            self._forget(person.telegram_id)
        return taken

    async def _choose(self, person: Person, **values: str | bool | None) -> None:
        async with self._transaction:
            await self._users.set_settings(person.id, **values)
            self._forget(person.telegram_id)
        logger.info("settings_changed", names=sorted(values))

    def _forget(self, telegram_id: int) -> None:
        self._transaction.on_commit(partial(self._cache.invalidate, PROFILE, telegram_id))


def _person(profile: Profile, *, is_new: bool = False) -> Person:
    return Person(
        id=profile.id,
        telegram_id=profile.telegram.telegram_id,
        first_name=profile.telegram.first_name,
        language_code=profile.settings.language or profile.telegram.language_code,
        is_new=is_new,
        subscription=profile.subscription,
        settings=profile.settings,
    )
