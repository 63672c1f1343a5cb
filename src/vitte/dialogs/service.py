"""Keeping dialogs in order."""

from datetime import datetime

from vitte.db.transaction import Transaction
from vitte.dialogs.repository import DialogRepository


class DialogService:
    """Looks after dialogs as a whole; what is said in them is the assistant's business."""

    def __init__(self, transaction: Transaction, dialogs: DialogRepository) -> None:
        self._transaction = transaction
        self._dialogs = dialogs

    async def delete_messages_older_than(self, cutoff: datetime, *, batch: int) -> int:
        """Delete every message older than `cutoff`, `batch` at a time so that no lock is held for long.

        Returns how many were deleted.
        """
        total = 0
        while True:
            async with self._transaction:
                deleted = await self._dialogs.delete_messages_older_than(cutoff, limit=batch)
            total += deleted
            if deleted < batch:
                return total
