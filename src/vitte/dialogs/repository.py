"""Queries about dialogs."""

from datetime import datetime

from sqlalchemy import delete, select, update

from vitte.db.batches import is_one_of
from vitte.db.models import Dialog, Message
from vitte.db.transaction import Transaction


class DialogRepository:
    """Dialogs of people."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def title(self, dialog_id: int) -> str | None:
        """Return the dialog's title; None also when there is no such dialog."""
        return await self._transaction.session.scalar(select(Dialog.title).where(Dialog.id == dialog_id))

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
