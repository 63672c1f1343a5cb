"""Queries about people."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, text, update
from sqlalchemy.dialects.postgresql import insert

from vitte.billing.repository import GIVE_FREE
from vitte.billing.schemas import SubscriptionInfo
from vitte.core.json import dumps, loads
from vitte.db.models import User, UserSettings
from vitte.db.statement import Statement
from vitte.db.transaction import Transaction
from vitte.users.schemas import Awaited, Met, PeopleCount, PersonSettings, Profile, TelegramProfile

_COLUMNS = tuple(field.name for field in fields(TelegramProfile))
_PROFILES = Statement(
    """
    SELECT
        users.id, users.telegram_id, users.first_name, users.last_name, users.username, users.language_code,
        users.blocked_bot_at, subscriptions.plan, subscriptions.started_at, subscriptions.expires_at,
        settings.language AS chosen_language, settings.persona, settings.model, settings.remembers,
        settings.speaks, settings.extra_data ->> 'awaited' AS awaited
    FROM users
    LEFT JOIN settings ON settings.user_id = users.id
    LEFT JOIN subscriptions ON subscriptions.user_id = users.id AND subscriptions.status = 'active'
    WHERE users.telegram_id = ANY (CAST(:telegram_ids AS bigint[]))
    """
)
# Whoever is stored just like this is only read. xmax is 0 only in a row that this statement has inserted. In
# one order, or two processes that meet the same people at once could wait for each other.
_MEET = Statement(
    f"""
    WITH seen AS (
        SELECT *
        FROM unnest(
            CAST(:telegram_ids AS bigint[]), CAST(:first_names AS text[]), CAST(:last_names AS text[]),
            CAST(:usernames AS text[]), CAST(:language_codes AS text[])
        ) AS seen (telegram_id, first_name, last_name, username, language_code)
    ), known AS (
        SELECT users.id, users.telegram_id
        FROM users JOIN seen ON seen.telegram_id = users.telegram_id
        WHERE users.blocked_bot_at IS NULL
            AND (users.first_name, users.last_name, users.username, users.language_code)
                IS NOT DISTINCT FROM (seen.first_name, seen.last_name, seen.username, seen.language_code)
    ), written AS (
        INSERT INTO users (telegram_id, first_name, last_name, username, language_code)
        SELECT * FROM seen WHERE telegram_id NOT IN (SELECT telegram_id FROM known) ORDER BY telegram_id
        ON CONFLICT (telegram_id) DO UPDATE SET
            first_name = excluded.first_name, last_name = excluded.last_name, username = excluded.username,
            language_code = excluded.language_code, blocked_bot_at = NULL
        RETURNING id, telegram_id, xmax = 0 AS is_new
    ), chosen AS (
        INSERT INTO settings (user_id) SELECT id FROM written WHERE is_new
    ), given AS ({GIVE_FREE.format(people="written WHERE is_new")}), met AS (
        SELECT id, telegram_id, is_new, TRUE AS is_written FROM written
        UNION ALL
        SELECT id, telegram_id, FALSE, FALSE FROM known
    )
    SELECT
        met.id, met.telegram_id, met.is_new, met.is_written,
        COALESCE(given.plan, subscriptions.plan) AS plan,
        COALESCE(given.started_at, subscriptions.started_at) AS started_at,
        COALESCE(given.expires_at, subscriptions.expires_at) AS expires_at,
        settings.language AS chosen_language, settings.persona, settings.model, settings.remembers,
        settings.speaks, settings.extra_data ->> 'awaited' AS awaited
    FROM met
    LEFT JOIN settings ON settings.user_id = met.id
    LEFT JOIN subscriptions ON subscriptions.user_id = met.id AND subscriptions.status = 'active'
    LEFT JOIN given ON given.user_id = met.id
    """  # noqa: S608 - constants of ours
)
# Locked in the order in which they are registered, or two processes could wait for each other; the lock reads
# a row anew, so that a later time of another process stands.
_SEEN = Statement(
    """
    WITH seen AS (
        SELECT users.id, noted.at
        FROM unnest(CAST(:telegram_ids AS bigint[]), CAST(:times AS timestamptz[])) AS noted (telegram_id, at)
        JOIN users ON users.telegram_id = noted.telegram_id
        ORDER BY users.telegram_id
        FOR NO KEY UPDATE OF users
    )
    UPDATE users SET last_seen_at = GREATEST(users.last_seen_at, seen.at) FROM seen WHERE users.id = seen.id
    """
)
# Once through the table: blocked or active, what is asked for is of everybody, and the second is in no index.
_COUNT = Statement(
    """
    SELECT
        count(*) AS everybody, count(blocked_bot_at) AS blocked,
        count(*) FILTER (WHERE last_seen_at > now() - interval '1 day') AS active_day,
        count(*) FILTER (WHERE last_seen_at > now() - interval '7 days') AS active_week
    FROM users
    """
)


_SET_AWAITED = """
    INSERT INTO settings (user_id, extra_data)
    VALUES (:user_id, jsonb_build_object('awaited', CAST(:awaited AS jsonb)))
    ON CONFLICT (user_id) DO UPDATE SET extra_data = settings.extra_data || excluded.extra_data
"""
_FORGET_AWAITED = "UPDATE settings SET extra_data = extra_data - 'awaited' WHERE user_id = :user_id"
# The message that has given the text may take it again, and no other.
_TAKE_AWAITED = """
    UPDATE settings
    SET extra_data = jsonb_set(extra_data, '{awaited,taken_by}', to_jsonb(CAST(:message_id AS bigint)))
    WHERE user_id = :user_id
        AND extra_data ? 'awaited'
        AND COALESCE(CAST(extra_data #>> '{awaited,taken_by}' AS bigint), :message_id) = :message_id
    RETURNING extra_data ->> 'awaited'
"""


class UserRepository:
    """People and their settings."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def profiles(self, telegram_ids: Collection[int]) -> dict[int, Profile]:
        """Return all that an update needs to know of these people, as far as they are known."""
        rows = await self._transaction.run(_PROFILES, telegram_ids=list(telegram_ids))
        return {
            row.telegram_id: _profile(
                row,
                TelegramProfile(**{name: getattr(row, name) for name in _COLUMNS}),
                has_blocked_bot=row.blocked_bot_at is not None,
            )
            for row in rows
        }

    async def meet(self, profiles: Collection[TelegramProfile]) -> dict[int, Met]:
        """Store people, each once in `profiles`, or what has changed of them; who is new gets the free plan.

        Of any number of racing calls one gets `is_new` of a person. Of whom another call stores at the same
        moment, settings and plan may be missing in what is returned.
        """
        columns = {f"{name}s": [getattr(one, name) for one in profiles] for name in _COLUMNS}
        rows = await self._transaction.run(_MEET, **columns)
        by_id = {one.telegram_id: one for one in profiles}
        return {
            row.telegram_id: Met(
                profile=_profile(row, by_id[row.telegram_id], has_blocked_bot=False),
                is_new=row.is_new,
                is_written=row.is_written,
            )
            for row in rows
        }

    async def count(self) -> PeopleCount:
        """Count everybody."""
        (row,) = await self._transaction.run(_COUNT)
        return PeopleCount(
            reachable=row.everybody - row.blocked,
            blocked=row.blocked,
            active_day=row.active_day,
            active_week=row.active_week,
        )

    async def set_last_seen(self, times: Mapping[int, datetime]) -> None:
        """Note when people were there, by their Telegram ids. What is stored never gets older by it."""
        await self._transaction.run(_SEEN, telegram_ids=list(times), times=list(times.values()))

    async def set_settings(self, user_id: int, **values: Any) -> None:
        """Store what a person has chosen, by the names of the columns."""
        query = insert(UserSettings).values(user_id=user_id, **values)
        await self._transaction.session.execute(
            query.on_conflict_do_update(index_elements=[UserSettings.user_id], set_=values)
        )

    async def set_awaited(self, user_id: int, awaited: Awaited) -> None:
        """Note that the person is asked for a text."""
        await self._transaction.session.execute(
            text(_SET_AWAITED), {"user_id": user_id, "awaited": dumps(asdict(awaited))}
        )

    async def forget_awaited(self, user_id: int) -> None:
        """Note that the person is asked for nothing."""
        await self._transaction.session.execute(text(_FORGET_AWAITED), {"user_id": user_id})

    async def take_awaited(self, user_id: int, message_id: int) -> Awaited | None:
        """Note the message that gives the text, and return what it was asked for; None if it was not."""
        taken = await self._transaction.session.scalar(
            text(_TAKE_AWAITED), {"user_id": user_id, "message_id": message_id}
        )
        return None if taken is None else _awaited(taken)

    async def set_blocked(self, telegram_id: int, *, blocked: bool) -> None:
        """Note that the person has blocked the bot, or has let it back in."""
        await self._transaction.session.execute(
            update(User)
            .where(User.telegram_id == telegram_id)
            .values(blocked_bot_at=func.now() if blocked else None)
        )


def _settings(row: Row[Any]) -> PersonSettings:
    return PersonSettings(
        language=row.chosen_language,
        persona=row.persona,
        model=row.model,
        # Of those who have none yet nothing is known.
        remembers=row.remembers is not False,
        speaks=row.speaks is True,
        awaited=None if row.awaited is None else _awaited(row.awaited),
    )


def _awaited(stored: str) -> Awaited:
    found = loads(stored)
    return Awaited(
        about=found["about"],
        menu_id=found["menu_id"],
        until=datetime.fromisoformat(found["until"]),
        taken_by=found["taken_by"],
    )


def _profile(row: Row[Any], telegram: TelegramProfile, *, has_blocked_bot: bool) -> Profile:
    return Profile(
        id=row.id,
        telegram=telegram,
        has_blocked_bot=has_blocked_bot,
        settings=_settings(row),
        subscription=None
        if row.plan is None
        else SubscriptionInfo(plan=row.plan, started_at=row.started_at, expires_at=row.expires_at),
    )
