"""Queries about dialogs."""

from datetime import datetime

from sqlalchemy import delete, func, select, update

from vitte.core.tokens import count_tokens
from vitte.db.batches import is_one_of
from vitte.db.models import Dialog, Message
from vitte.db.transaction import Transaction
from vitte.dialogs.schemas import Spoken, SummaryState


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
        """Return the oldest messages that came after the one with the id `after_id`."""
        rows = await self._transaction.session.execute(
            select(Message.id, Message.role, Message.text, Message.tokens)
            .where(Message.dialog_id == dialog_id, Message.id > after_id)
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
