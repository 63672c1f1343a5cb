"""Taking updates in, and handing them out one chat at a time."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy.exc import DBAPIError, InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from vitte.core.errors import UnavailableError
from vitte.db.engine import SessionFactory
from vitte.db.transaction import Transaction
from vitte.inbox.metrics import UPDATES_DEAD, UPDATES_TAKEN_IN
from vitte.inbox.repository import InboxRepository
from vitte.inbox.schemas import ClaimedUpdate, read_update

logger = structlog.get_logger(__name__)

MAX_ATTEMPTS = 3
_FIRST_RETRY = timedelta(seconds=1)


class InboxService:
    """The durable queue between Telegram and the handlers.

    Lives as long as its process and is used by many tasks at once: each call is a transaction of its own.
    """

    def __init__(self, session_factory: SessionFactory) -> None:
        self._session_factory = session_factory

    async def take_in(self, bot_id: int, updates: Sequence[bytes | dict[str, Any]]) -> int:
        """Store updates; when this returns they are committed and may be acknowledged.

        Updates that were stored before are left as they are. Returns how many were new. Raises
        NotAnUpdateError before anything is stored, and UnavailableError when PostgreSQL is away.
        """
        incoming = [read_update(raw) for raw in updates]
        if not incoming:
            return 0
        transaction = Transaction(self._session_factory)
        inbox = InboxRepository(transaction)
        try:
            async with transaction:
                added = await inbox.add(bot_id, incoming)
                if added:
                    await inbox.notify()
        except (DBAPIError, InterfaceError, PoolTimeoutError, OSError) as error:
            raise UnavailableError("the inbox cannot be written") from error
        UPDATES_TAKEN_IN.inc(added)
        return added

    async def claim(self, bot_id: int, *, limit: int, lease: float) -> list[ClaimedUpdate]:
        """Take up to `limit` updates for `lease` seconds, at most one of each chat: its oldest open one."""
        transaction = Transaction(self._session_factory)
        async with transaction:
            return await InboxRepository(transaction).claim(
                bot_id, limit=limit, lease=timedelta(seconds=lease)
            )

    async def renew(self, ids: Collection[int], *, lease: float) -> None:
        """Keep claimed updates for another `lease` seconds."""
        transaction = Transaction(self._session_factory)
        async with transaction:
            await InboxRepository(transaction).renew(ids, lease=timedelta(seconds=lease))

    async def release(self, ids: Collection[int]) -> None:
        """Give claimed updates back at once, for the next process."""
        transaction = Transaction(self._session_factory)
        async with transaction:
            await InboxRepository(transaction).release(ids)

    async def finish(self, update: ClaimedUpdate) -> None:
        """Mark an update as done."""
        transaction = Transaction(self._session_factory)
        async with transaction:
            await InboxRepository(transaction).finish(update.id)

    async def fail(self, update: ClaimedUpdate, *, error: str) -> bool:
        """Note that handling failed: another try follows later, or none after the last.

        Returns whether the update is given up. The chat's later updates wait for the tries to end.
        """
        transaction = Transaction(self._session_factory)
        async with transaction:
            is_dead = await InboxRepository(transaction).fail(
                update.id,
                error=error,
                max_attempts=MAX_ATTEMPTS,
                retry_in=_FIRST_RETRY * 2 ** (update.attempt - 1),
            )
        if is_dead:
            UPDATES_DEAD.inc()
            logger.error("update_dead", update_id=update.update_id, reason=error)
        return is_dead
