"""Queries about dialogs."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, func, or_, select, text, update
from sqlalchemy.orm import aliased

from vitte.core.tokens import count_tokens
from vitte.db.batches import is_one_of
from vitte.db.models import Dialog, Message
from vitte.db.transaction import Transaction
from vitte.dialogs.schemas import CurrentDialog, DialogEntry, Spoken, SummaryState

_TITLE_FROM = 200
"""Characters of a message of which a title may be made."""
# Those of places are no person's to switch to. Materialized, so that the person's own rows are put in order,
# and everybody's are never looked through for them.
_OWN = """
    WITH own AS MATERIALIZED (
        SELECT id, title, is_current, persona
        FROM dialogs WHERE user_id = :user_id AND chat_id IS NULL
    )
"""
_COUNT = f"{_OWN} SELECT count(*) FROM own"  # noqa: S608 - all of it is written here
# The first words of those alone that have no name, and only of this page. In the order of the index of
# questions: for that of ids PostgreSQL would look through everybody's messages where few have said much.
_PAGE = f"""
    {_OWN}, page AS MATERIALIZED (SELECT * FROM own ORDER BY id DESC LIMIT :limit OFFSET :offset)
    SELECT
        page.id, page.is_current, page.persona,
        COALESCE(page.title, (
            SELECT left(messages.text, {_TITLE_FROM})
            FROM messages
            WHERE page.title IS NULL AND messages.dialog_id = page.id AND messages.role = 'user'
            ORDER BY messages.telegram_message_id
            LIMIT 1
        )) AS title
    FROM page ORDER BY page.id DESC
"""  # noqa: S608 - all of it is written here
_ONE = f"""
    {_OWN}
    SELECT
        own.id, own.is_current, own.persona,
        COALESCE(own.title, (
            SELECT left(messages.text, {_TITLE_FROM})
            FROM messages
            WHERE messages.dialog_id = own.id AND messages.role = 'user'
            ORDER BY messages.telegram_message_id
            LIMIT 1
        )) AS title
    FROM own WHERE own.id = :dialog_id
"""  # noqa: S608 - all of it is written here
_CURRENT = """
    SELECT
        id, persona,
        title IS NULL AND summary IS NULL
            AND (
                SELECT id FROM messages
                WHERE dialog_id = dialogs.id AND role = 'user'
                ORDER BY telegram_message_id
                LIMIT 1
            ) IS NULL AS is_empty
    FROM dialogs
    WHERE user_id = :user_id AND is_current
    FOR UPDATE
"""
# Whoever writes at this very moment may have begun one.
_BEGIN = """
    INSERT INTO dialogs (user_id, persona) VALUES (:user_id, :persona)
    ON CONFLICT (user_id) WHERE is_current DO NOTHING
    RETURNING id
"""
_NEWEST = f"{_OWN} SELECT id FROM own ORDER BY id DESC LIMIT 1"  # noqa: S608 - all of it is written here


class DialogRepository:
    """Dialogs of people."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def count_of(self, user_id: int) -> int:
        """Return how many dialogs a person has."""
        found = await self._transaction.session.scalar(text(_COUNT), {"user_id": user_id})
        return int(found or 0)

    async def page_of(self, user_id: int, *, limit: int, offset: int) -> list[DialogEntry]:
        """Return some of a person's dialogs, newest first."""
        parameters = {"user_id": user_id, "limit": limit, "offset": offset}
        return [_entry(row) for row in await self._transaction.session.execute(text(_PAGE), parameters)]

    async def entry_of(self, user_id: int, dialog_id: int) -> DialogEntry | None:
        """Return a dialog if it is the person's."""
        parameters = {"user_id": user_id, "dialog_id": dialog_id}
        row = (await self._transaction.session.execute(text(_ONE), parameters)).one_or_none()
        return None if row is None else _entry(row)

    async def current_of(self, user_id: int) -> CurrentDialog | None:
        """Return the person's current dialog, which stays that until the end of the transaction."""
        row = (await self._transaction.session.execute(text(_CURRENT), {"user_id": user_id})).one_or_none()
        return None if row is None else CurrentDialog(id=row.id, persona=row.persona, is_empty=row.is_empty)

    async def newest_of(self, user_id: int) -> int | None:
        """Return the newest of a person's dialogs."""
        newest: int | None = await self._transaction.session.scalar(text(_NEWEST), {"user_id": user_id})
        return newest

    async def begin(self, user_id: int, *, persona: str | None) -> int | None:
        """Add a dialog that is current; None when there is one that was begun at the same moment."""
        begun: int | None = await self._transaction.session.scalar(
            text(_BEGIN), {"user_id": user_id, "persona": persona}
        )
        return begun

    async def leave(self, user_id: int) -> None:
        """Let no dialog of the person's be current."""
        await self._transaction.session.execute(
            update(Dialog).where(Dialog.user_id == user_id, Dialog.is_current).values(is_current=False)
        )

    async def end(self, chat_id: int, topic_id: int) -> None:
        """End the dialog of a place, if something was said in it."""
        await self._transaction.session.execute(
            update(Dialog)
            .where(
                Dialog.chat_id == chat_id,
                Dialog.topic_id == topic_id,
                Dialog.chat_id.is_not(None),
                Dialog.ended_at.is_(None),
            )
            .values(ended_at=func.now())
        )

    async def lock_own(self, user_id: int, dialog_id: int) -> bool:
        """Keep a dialog from going away while the transaction is open; tell whether it is the person's."""
        query = select(Dialog.id).where(*_is_own(user_id, dialog_id)).with_for_update()
        return await self._transaction.session.scalar(query) is not None

    async def change_own(self, user_id: int, dialog_id: int, **values: Any) -> bool:
        """Change a dialog if it is the person's, and tell whether it is."""
        changed = await self._transaction.session.scalar(
            update(Dialog).where(*_is_own(user_id, dialog_id)).values(**values).returning(Dialog.id)
        )
        return changed is not None

    async def delete_own(self, user_id: int, dialog_id: int) -> bool | None:
        """Delete a dialog if it is the person's, and tell whether it was current; None: it is not theirs."""
        was_current: bool | None = await self._transaction.session.scalar(
            delete(Dialog).where(*_is_own(user_id, dialog_id)).returning(Dialog.is_current)
        )
        return was_current

    async def title_and_owner(self, dialog_id: int) -> tuple[str | None, int | None]:
        """Return the dialog's title, and the id of whose it is; None also when there is no such dialog."""
        row = (
            await self._transaction.session.execute(
                select(Dialog.title, Dialog.user_id).where(Dialog.id == dialog_id)
            )
        ).one_or_none()
        return (None, None) if row is None else (row.title, row.user_id)

    async def set_title(self, dialog_id: int, title: str) -> None:
        """Name a dialog that has no name yet."""
        await self._transaction.session.execute(
            update(Dialog).where(Dialog.id == dialog_id, Dialog.title.is_(None)).values(title=title)
        )

    async def first_messages(self, dialog_id: int, *, limit: int) -> list[tuple[str, str]]:
        """Return role and text of a dialog's first messages, oldest first."""
        rows = await self._transaction.session.execute(
            select(Message.role, Message.text)
            .where(Message.dialog_id == dialog_id)
            .order_by(Message.id)
            .limit(limit)
        )
        return [(role, content) for role, content in rows]

    async def summary(self, dialog_id: int) -> SummaryState | None:
        """Return how far the dialog is summarised; None when there is no such dialog."""
        row = (
            await self._transaction.session.execute(
                select(Dialog.summary, Dialog.summary_until).where(Dialog.id == dialog_id)
            )
        ).one_or_none()
        return None if row is None else SummaryState(summary=row[0], until=row[1] or 0)

    async def set_summary(self, dialog_id: int, summary: str, *, until: int, instead_of: int) -> bool:
        """Store a summary up to a message, unless another one came first; tell whether it is stored."""
        stored = await self._transaction.session.scalar(
            update(Dialog)
            .where(Dialog.id == dialog_id, func.coalesce(Dialog.summary_until, 0) == instead_of)
            .values(summary=summary, summary_until=until)
            .returning(Dialog.id)
        )
        return stored is not None

    async def since(self, dialog_id: int, after_id: int, *, limit: int) -> list[Spoken]:
        """Return the oldest messages that came after the one with the id `after_id`.

        A question that never got an answer is left out, as it is of what a model is shown.
        """
        given = aliased(Message)
        answer = select(given.id).where(given.question_id == Message.id).scalar_subquery()
        rows = await self._transaction.session.execute(
            select(Message.id, Message.role, Message.text, Message.tokens)
            .where(Message.dialog_id == dialog_id, Message.id > after_id)
            .where(or_(Message.role == "assistant", answer.is_not(None)))
            .order_by(Message.id)
            .limit(limit)
        )
        return [
            Spoken(id=id_, role=role, text=content, tokens=tokens or count_tokens(content))
            for id_, role, content, tokens in rows
        ]

    async def delete_messages_older_than(self, cutoff: datetime, *, limit: int) -> int:
        """Delete up to `limit` messages that are older than `cutoff`, oldest first; return how many."""
        oldest = (
            select(Message.id)
            .where(Message.created_at < cutoff)
            .order_by(Message.created_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        deleted = await self._transaction.session.scalars(
            delete(Message).where(is_one_of(Message.id, oldest)).returning(Message.id)
        )
        return len(deleted.all())


def _is_own(user_id: int, dialog_id: int) -> tuple[ColumnElement[bool], ...]:
    return Dialog.id == dialog_id, Dialog.user_id == user_id, Dialog.chat_id.is_(None)


def _entry(row: Row[Any]) -> DialogEntry:
    return DialogEntry(id=row.id, title=row.title, is_current=row.is_current, persona=row.persona)
