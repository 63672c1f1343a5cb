"""Queries about people."""

from dataclasses import asdict
from typing import Any

from sqlalchemy import Boolean, and_, func, literal_column, select, update
from sqlalchemy.dialects.postgresql import insert

from vitte.billing.schemas import SubscriptionInfo
from vitte.db.models import Subscription, SubscriptionStatus, User, UserSettings
from vitte.db.transaction import Transaction
from vitte.users.schemas import PeopleCount, Person, PersonSettings, Profile, TelegramProfile


class UserRepository:
    """People and their settings."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def profile(self, telegram_id: int) -> Profile | None:
        """Return all that an update needs to know of the person."""
        row = (
            await self._transaction.session.execute(
                select(
                    User.id,
                    User.first_name,
                    User.last_name,
                    User.username,
                    User.language_code,
                    User.blocked_bot_at,
                    UserSettings.language.label("chosen_language"),
                    Subscription.plan,
                    Subscription.started_at,
                    Subscription.expires_at,
                )
                .outerjoin(UserSettings, UserSettings.user_id == User.id)
                .outerjoin(
                    Subscription,
                    and_(Subscription.user_id == User.id, Subscription.status == SubscriptionStatus.ACTIVE),
                )
                .where(User.telegram_id == telegram_id)
            )
        ).one_or_none()
        return None if row is None else _profile(telegram_id, row)

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


def _profile(telegram_id: int, row: Any) -> Profile:
    return Profile(
        id=row.id,
        telegram=TelegramProfile(
            telegram_id=telegram_id,
            first_name=row.first_name,
            last_name=row.last_name,
            username=row.username,
            language_code=row.language_code,
        ),
        has_blocked_bot=row.blocked_bot_at is not None,
        settings=PersonSettings(language=row.chosen_language),
        subscription=None
        if row.plan is None
        else SubscriptionInfo(plan=row.plan, started_at=row.started_at, expires_at=row.expires_at),
    )


def _person(profile: TelegramProfile, *, user_id: int, language_code: str | None, is_new: bool) -> Person:
    return Person(
        id=user_id,
        telegram_id=profile.telegram_id,
        first_name=profile.first_name,
        language_code=language_code,
        is_new=is_new,
    )
