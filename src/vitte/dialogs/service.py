"""Keeping dialogs in order."""

from dataclasses import replace
from datetime import datetime
from functools import partial

from vitte.db.batches import in_transactions
from vitte.db.transaction import Transaction
from vitte.dialogs.repository import DialogRepository
from vitte.dialogs.schemas import CurrentDialog, DialogEntry, DialogPage
from vitte.dialogs.titles import clean_title

PAGE_SIZE = 8
"""Dialogs that a person sees at a time."""
_TRIES = 3


class DialogService:
    """Looks after dialogs as a whole; what is said in them is the assistant's business."""

    def __init__(self, transaction: Transaction, dialogs: DialogRepository) -> None:
        self._transaction = transaction
        self._dialogs = dialogs

    async def begin_new(self, user_id: int, persona: str | None) -> int:
        """Begin a dialog with the persona of this key, and return its id.

        While nothing was said in the current one, that stays, and the persona speaks in it. So beginning
        twice is beginning once.
        """
        async with self._transaction:
            for _ in range(_TRIES):
                current = await self._dialogs.current_of(user_id)
                if current is not None and current.is_empty:
                    if current.persona != persona:
                        await self._dialogs.change_own(user_id, current.id, persona=persona)
                    return current.id
                if current is not None:
                    await self._dialogs.leave(user_id)
                if (begun := await self._dialogs.begin(user_id, persona=persona)) is not None:
                    return begun
        raise RuntimeError("others keep beginning this person's dialog")

    async def current(self, user_id: int) -> CurrentDialog | None:
        """Return the dialog that the person's questions go to; None: the next one begins it."""
        async with self._transaction:
            return await self._dialogs.current_of(user_id)

    async def end(self, chat_id: int, topic_id: int) -> None:
        """End the dialog of a group or a topic: what is asked there next begins another. Twice is once."""
        async with self._transaction:
            await self._dialogs.end(chat_id, topic_id)

    async def page(self, user_id: int, number: int = 0) -> DialogPage:
        """Return a page of the person's dialogs; the last one for a number that is too high."""
        async with self._transaction:
            count = await self._dialogs.count_of(user_id)
            pages = max(1, -(-count // PAGE_SIZE))
            number = min(max(number, 0), pages - 1)
            entries = await self._dialogs.page_of(user_id, limit=PAGE_SIZE, offset=number * PAGE_SIZE)
        return DialogPage(entries=tuple(_titled(entry) for entry in entries), number=number, count=pages)

    async def find(self, user_id: int, dialog_id: int) -> DialogEntry | None:
        """Return a dialog; None when it is gone, or is not the person's."""
        async with self._transaction.single():
            entry = await self._dialogs.entry_of(user_id, dialog_id)
        return None if entry is None else _titled(entry)

    async def switch(self, user_id: int, dialog_id: int) -> bool:
        """Let the person's next questions go to this dialog; False when it is not theirs."""
        async with self._transaction:
            if not await self._dialogs.lock_own(user_id, dialog_id):
                return False
            await self._dialogs.leave(user_id)
            return await self._dialogs.change_own(user_id, dialog_id, is_current=True)

    async def rename(self, user_id: int, dialog_id: int, title: str) -> str | None:
        """Name a dialog, and return the name as far as it fits; None when it is not the person's."""
        title = clean_title(title) or "…"
        async with self._transaction:
            is_theirs = await self._dialogs.change_own(user_id, dialog_id, title=title)
        return title if is_theirs else None

    async def delete(self, user_id: int, dialog_id: int) -> bool:
        """Delete a dialog and all that was said in it, at once; False when it is not the person's.

        After the current one the newest of the others is current.
        """
        async with self._transaction:
            was_current = await self._dialogs.delete_own(user_id, dialog_id)
            if was_current and (newest := await self._dialogs.newest_of(user_id)) is not None:
                await self._dialogs.change_own(user_id, newest, is_current=True)
        return was_current is not None

    async def delete_messages_older_than(self, cutoff: datetime, *, batch: int) -> int:
        """Delete every message older than `cutoff`, `batch` at a time so that no lock is held for long.

        Returns how many were deleted.
        """
        delete = partial(self._dialogs.delete_messages_older_than, cutoff, limit=batch)
        return await in_transactions(self._transaction, delete, size=batch)


def _titled(entry: DialogEntry) -> DialogEntry:
    return replace(entry, title=clean_title(entry.title or "") or None)
