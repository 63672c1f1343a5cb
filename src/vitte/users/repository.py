"""Queries about people."""

from dataclasses import asdict

from sqlalchemy import Boolean, ColumnElement, and_, func, literal_column, select, update
from sqlalchemy.dialects.postgresql import insert

from vitte.db.models import User, UserSettings
from vitte.db.transaction import Transaction
from vitte.users.schemas import PeopleCount, Person, TelegramProfile

_LANGUAGE = func.coalesce(UserSettings.language, User.language_code)


class UserRepository:
    """People and their settings."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def find(self, profile: TelegramProfile) -> Person | None:
        """Return the person if they are known and what Telegram says of them has not changed."""
        row = (
            await self._transaction.session.execute(
                select(User.id, _LANGUAGE)
                .outerjoin(UserSettings, UserSettings.user_id == User.id)
                .where(User.telegram_id == profile.telegram_id, _is_unchanged(profile))
            )
        ).one_or_none()
        return None if row is None else _person(profile, user_id=row[0], language_code=row[1])

    async def find_known(self, telegram_id: int) -> Person | None:
        """Return the person as they were when they were heard of last."""
        row = (
            await self._transaction.session.execute(
                select(User.id, User.first_name, _LANGUAGE)
                .outerjoin(UserSettings, UserSettings.user_id == User.id)
                .where(User.telegram_id == telegram_id)
            )
        ).one_or_none()
        if row is None:
            return None
        return Person(id=row[0], telegram_id=telegram_id, first_name=row[1], language_code=row[2])

    async def upsert(self, profile: TelegramProfile) -> Person:
        """Store the person, or what has changed of them. Of any number of racing calls one gets `is_new`."""
        values = asdict(profile)
        new = insert(User).values(**values)
        changes = {name: new.excluded[name] for name in values if name != "telegram_id"}
        # xmax is 0 only in a row that this very statement has inserted.
        row = await self._transaction.session.execute(
            new.on_conflict_do_update(
                index_elements=[User.telegram_id], set_={**changes, "blocked_bot_at": None}
            ).returning(User.id, literal_column("xmax = 0", Boolean))
        )
        user_id, is_new = row.one()
        if is_new:
            await self._transaction.session.execute(insert(UserSettings).values(user_id=user_id))
            language = profile.language_code
        else:
            chosen = await self._transaction.session.scalar(
                select(UserSettings.language).where(UserSettings.user_id == user_id)
            )
            language = chosen or profile.language_code
        return _person(profile, user_id=user_id, language_code=language, is_new=is_new)

    async def count(self) -> PeopleCount:
        """Count everybody."""
        row = (
            await self._transaction.session.execute(
                select(func.count(User.id), func.count(User.blocked_bot_at))
            )
        ).one()
        return PeopleCount(reachable=row[0] - row[1], blocked=row[1])

    async def set_blocked(self, telegram_id: int, *, blocked: bool) -> None:
        """Note that the person has blocked the bot, or has let it back in."""
        await self._transaction.session.execute(
            update(User)
            .where(User.telegram_id == telegram_id)
            .values(blocked_bot_at=func.now() if blocked else None)
        )


def _is_unchanged(profile: TelegramProfile) -> ColumnElement[bool]:
    return and_(
        User.first_name == profile.first_name,
        User.last_name.is_not_distinct_from(profile.last_name),
        User.username.is_not_distinct_from(profile.username),
        User.language_code.is_not_distinct_from(profile.language_code),
        User.blocked_bot_at.is_(None),
    )


def _person(
    profile: TelegramProfile, *, user_id: int, language_code: str | None, is_new: bool = False
) -> Person:
    return Person(
        id=user_id,
        telegram_id=profile.telegram_id,
        first_name=profile.first_name,
        language_code=language_code,
        is_new=is_new,
    )
