"""Queries about facts."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Row, delete, func, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert

from vitte.db.models import Dialog, Memory, Message, User, UserSettings
from vitte.db.transaction import Transaction
from vitte.memory.schemas import Fact, Known, Notebook, Said

_LEARNED_UNTIL = "memory_until"
"""Key in the settings' extra data: id of the last message that was looked at for facts."""

# Of who wants nothing to be used, or has no room, there is nothing. The newest first, and no more of them
# than there is room for.
KNOWN = """
    SELECT
        array_agg(id ORDER BY id DESC) FILTER (WHERE so_far <= {asked}.room_for_facts) AS fact_ids,
        array_agg(text ORDER BY id DESC) FILTER (WHERE so_far <= {asked}.room_for_facts) AS facts,
        count(*) AS facts_in_all,
        to_regclass('memory_embeddings') IS NOT NULL AS has_vectors
    FROM (
        SELECT id, text, sum(length(text)) OVER (ORDER BY id DESC) AS so_far
        FROM memories
        WHERE memories.user_id = {asked}.user_id AND {asked}.room_for_facts > 0
            AND COALESCE((SELECT remembers FROM settings WHERE settings.user_id = {asked}.user_id), true)
    ) AS kept
"""
"""What is known of a person, as a part of a statement: a row for `known_of`.

`asked` has the person as `user_id`, and in `room_for_facts` how many characters facts may have together.
"""


class MemoryRepository:
    """The table of facts, and what they are learned from."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def notebook(self, user_id: int, *, messages: int) -> Notebook | None:
        """Return what is to be learned from of a person; None when they want nothing to be kept."""
        session = self._transaction.session
        chosen = (
            await session.execute(
                select(UserSettings.remembers, _learned_until()).where(UserSettings.user_id == user_id)
            )
        ).one_or_none()
        remembers, until = (True, 0) if chosen is None else chosen
        if not remembers:
            return None
        facts = await self.facts(user_id)
        said = await self._said(user_id, after=until, limit=messages)
        has_vectors = await session.scalar(select(func.to_regclass("memory_embeddings").is_not(None)))
        return Notebook(learned_until=until, said=said, facts=facts, has_vectors=bool(has_vectors))

    async def take(self, user_id: int, *, learned_until: int) -> bool:
        """Lock a person's notebook until the end of the transaction, if nobody has written into it.

        False when they have, since it was read as of `learned_until`, or when it is to be left alone now.
        """
        session = self._transaction.session
        await session.execute(upsert(UserSettings).values(user_id=user_id).on_conflict_do_nothing())
        until = await session.scalar(
            select(_learned_until())
            .where(UserSettings.user_id == user_id, UserSettings.remembers)
            .with_for_update()
        )
        return until == learned_until

    async def note_learned(self, user_id: int, *, until: int) -> None:
        """Note that messages up to an id were looked at."""
        row = insert_settings(user_id, extra_data={_LEARNED_UNTIL: until})
        await self._transaction.session.execute(
            row.on_conflict_do_update(
                index_elements=[UserSettings.user_id],
                set_={"extra_data": UserSettings.extra_data.op("||")(row.excluded.extra_data)},
            )
        )

    async def newest_message(self) -> int:
        """Return the id of the newest message of anybody's; 0 before there is one."""
        return await self._transaction.session.scalar(select(func.max(Message.id))) or 0

    async def facts(self, user_id: int, *, offset: int = 0, limit: int | None = None) -> list[Fact]:
        """Return a person's facts, newest first."""
        rows = await self._transaction.session.execute(
            select(Memory.id, Memory.text)
            .where(Memory.user_id == user_id)
            .order_by(Memory.id.desc())
            .offset(offset)
            .limit(limit)
        )
        return [Fact(id=row.id, text=row.text) for row in rows]

    async def count(self, user_id: int) -> int:
        """Return how many facts are kept of a person."""
        return (
            await self._transaction.session.scalar(
                select(func.count(Memory.id)).where(Memory.user_id == user_id)
            )
            or 0
        )

    async def add(self, user_id: int, text: str) -> int:
        """Keep a fact, and return its id."""
        fact_id: int | None = await self._transaction.session.scalar(
            insert(Memory).values(user_id=user_id, text=text).returning(Memory.id)
        )
        assert fact_id is not None  # noqa: S101 - an INSERT returns the row it has made
        return fact_id

    async def delete(self, user_id: int, ids: Collection[int] | None = None) -> int:
        """Forget facts of a person, all of them without `ids`; return how many there were."""
        conditions = [Memory.user_id == user_id]
        if ids is not None:
            conditions.append(Memory.id.in_(ids))
        gone = await self._transaction.session.scalars(delete(Memory).where(*conditions).returning(Memory.id))
        return len(gone.all())

    async def delete_beyond(self, user_id: int, *, most: int) -> int:
        """Forget the oldest facts of a person beyond the newest `most`; return how many those were."""
        newest_to_go = (
            select(Memory.id)
            .where(Memory.user_id == user_id)
            .order_by(Memory.id.desc())
            .offset(most)
            .limit(1)
            .scalar_subquery()
        )
        gone = await self._transaction.session.scalars(
            delete(Memory).where(Memory.user_id == user_id, Memory.id <= newest_to_go).returning(Memory.id)
        )
        return len(gone.all())

    async def remembers(self, user_id: int) -> bool:
        """Tell whether the person wants facts to be kept and used."""
        chosen = await self._transaction.session.scalar(
            select(UserSettings.remembers).where(UserSettings.user_id == user_id)
        )
        return True if chosen is None else chosen

    async def telegram_id(self, user_id: int) -> int | None:
        """Return by which id the person's profile is known."""
        return await self._transaction.session.scalar(select(User.telegram_id).where(User.id == user_id))

    async def set_remembers(self, user_id: int, *, remembers: bool) -> None:
        """Note whether the person wants that."""
        await self._transaction.session.execute(
            insert_settings(user_id, remembers=remembers).on_conflict_do_update(
                index_elements=[UserSettings.user_id], set_={"remembers": remembers}
            )
        )

    async def _said(self, user_id: int, *, after: int, limit: int) -> list[Said]:
        # Dialog by dialog: each has its messages in an index, by their ids.
        newest = (
            select(Message.id, Message.role, Message.text)
            .where(Message.dialog_id == Dialog.id, Message.id > after)
            .order_by(Message.id.desc())
            .limit(limit)
            .lateral("newest")
        )
        rows = await self._transaction.session.execute(
            select(newest.c.id, newest.c.role, newest.c.text)
            .select_from(Dialog)
            .join(newest, Dialog.user_id == user_id)
            .order_by(newest.c.id.desc())
            .limit(limit)
        )
        said = [Said(id=row.id, is_by_person=row.role == "user", text=row.text) for row in rows]
        return said[::-1]


def known_of(row: Row[Any]) -> Known | None:
    """Return what a row of `KNOWN` tells of a person; None when that is nothing."""
    if not row.facts_in_all:
        return None
    newest = facts_of(row.fact_ids, row.facts)
    return Known(newest=newest, count=row.facts_in_all, has_vectors=row.has_vectors)


def facts_of(ids: Sequence[int] | None, texts: Sequence[str] | None) -> list[Fact]:
    """Put facts together from two columns of arrays, either of which is null when there are none."""
    return [Fact(id=id_, text=text) for id_, text in zip(ids or (), texts or (), strict=True)]


def insert_settings(user_id: int, **values: Any) -> Any:
    """Return the statement that makes a person's row of settings."""
    return upsert(UserSettings).values(user_id=user_id, **values)


def _learned_until() -> ColumnElement[int]:
    return func.coalesce(UserSettings.extra_data[_LEARNED_UNTIL].astext.cast(BigInteger), 0)
