"""Taking updates in, and handing them out one chat at a time."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

import structlog

from vitte.core.errors import UnavailableError
from vitte.db.batches import in_transactions
from vitte.db.batching import Batcher
from vitte.db.engine import SessionFactory
from vitte.db.models import UpdateState
from vitte.db.outages import DATABASE_ERRORS
from vitte.db.riders import Effect, write
from vitte.db.transaction import Transaction
from vitte.inbox.metrics import UPDATES_DEAD, UPDATES_TAKEN_IN
from vitte.inbox.repository import InboxRepository
from vitte.inbox.schemas import ClaimedUpdate, InboxBacklog, IncomingUpdate, read_update

logger = structlog.get_logger(__name__)

MAX_ATTEMPTS = 3
_FIRST_RETRY = timedelta(seconds=1)
_PURGE_BATCH = 5000


@dataclass(frozen=True, slots=True)
class _Arrival:
    """What one call brings."""

    bot_id: int
    updates: list[IncomingUpdate]


@dataclass(frozen=True, slots=True)
class _Ending:
    """An update that is done, and what is still to be written of it."""

    id: int
    effects: tuple[Effect, ...]


@contextmanager
def _told_as_unavailable() -> Iterator[None]:
    try:
        yield
    except DATABASE_ERRORS as error:
        raise UnavailableError("the inbox cannot be written") from error


class InboxService:
    """The durable queue between Telegram and the handlers.

    Lives as long as its process and is used by many tasks at once: each call is a transaction of its own.
    """

    def __init__(self, session_factory: SessionFactory) -> None:
        self._session_factory = session_factory
        self._arrivals: Batcher[_Arrival, int] = Batcher(self._add)
        self._endings: Batcher[_Ending, bool] = Batcher(self._finish)

    async def take_in(self, bot_id: int, updates: Sequence[bytes | dict[str, Any]]) -> int:
        """Store updates; when this returns they are committed and may be acknowledged.

        Updates that were stored before are left as they are. Returns how many were new. Raises
        NotAnUpdateError before anything is stored, and UnavailableError when PostgreSQL is away.
        """
        incoming = [read_update(raw) for raw in updates]
        if not incoming:
            return 0
        with _told_as_unavailable():
            added = await self._arrivals.add(_Arrival(bot_id, incoming))
        UPDATES_TAKEN_IN.inc(added)
        return added

    async def take_in_and_claim(
        self, bot_id: int, updates: Sequence[bytes | dict[str, Any]], *, limit: int, lease: float
    ) -> list[ClaimedUpdate]:
        """Store updates as `take_in` does, and claim up to `limit` of the new ones by the same statement.

        What is not claimed, because of no room or because its chat is busy, is announced to all.
        """
        incoming = {update.update_id: update for update in map(read_update, updates)}
        if not incoming:
            return []
        transaction = Transaction(self._session_factory)
        with _told_as_unavailable():
            async with transaction.single():
                stored = await InboxRepository(transaction).add(
                    bot_id, list(incoming.values()), room=limit, lease=timedelta(seconds=lease)
                )
        UPDATES_TAKEN_IN.inc(len(stored))
        claimed = [
            ClaimedUpdate(
                id=one.id, update_id=one.update_id, payload=incoming[one.update_id].payload, attempt=1
            )
            for one in stored
            if one.is_claimed
        ]
        return sorted(claimed, key=lambda update: update.update_id)

    async def _add(self, arrivals: Sequence[_Arrival]) -> list[int]:
        transaction = Transaction(self._session_factory)
        inbox = InboxRepository(transaction)
        new: dict[int, set[int]] = {}
        for bot_id in {arrival.bot_id for arrival in arrivals}:
            updates = [item for arrival in arrivals if arrival.bot_id == bot_id for item in arrival.updates]
            async with transaction.single():
                new[bot_id] = {stored.update_id for stored in await inbox.add(bot_id, updates)}
        return [
            len({update.update_id for update in arrival.updates} & new[arrival.bot_id])
            for arrival in arrivals
        ]

    async def claim(
        self, bot_id: int, *, limit: int, lease: float, only_fast: bool = False
    ) -> list[ClaimedUpdate]:
        """Take up to `limit` updates for `lease` seconds: of each chat and lane the oldest open one."""
        transaction = Transaction(self._session_factory)
        async with transaction.single():
            return await InboxRepository(transaction).claim(
                bot_id, limit=limit, lease=timedelta(seconds=lease), only_fast=only_fast
            )

    async def waiting(self, bot_id: int, chat_id: int, *, limit: int) -> list[str]:
        """Return the JSON of a chat's first open updates: what is being handled, and what follows."""
        transaction = Transaction(self._session_factory)
        async with transaction.single():
            return await InboxRepository(transaction).waiting(bot_id, chat_id, limit=limit)

    async def busy_with(self, bot_id: int, update_id: int) -> str | None:
        """Return the JSON of what its chat was busy with when an update came in, unless that is over."""
        transaction = Transaction(self._session_factory)
        async with transaction.single():
            return await InboxRepository(transaction).busy_with(bot_id, update_id)

    async def renew(self, claimed: Collection[ClaimedUpdate], *, lease: float) -> set[ClaimedUpdate]:
        """Keep claimed updates for another `lease` seconds; return those that are still ours."""
        transaction = Transaction(self._session_factory)
        async with transaction.single():
            return await InboxRepository(transaction).renew(claimed, lease=timedelta(seconds=lease))

    async def release(self, claimed: Collection[ClaimedUpdate]) -> None:
        """Give claimed updates back at once, for whoever looks next. No try is counted."""
        transaction = Transaction(self._session_factory)
        async with transaction.single():
            await InboxRepository(transaction).release(claimed)

    async def finish(self, update: ClaimedUpdate, effects: tuple[Effect, ...] = ()) -> bool:
        """Mark an update as done, and write what was left to its end, at once: both are kept, or neither.

        Tells whether another update of its chat has waited for that.
        """
        return await self._endings.add(_Ending(update.id, effects))

    async def write(self, effects: Sequence[Effect]) -> None:
        """Write what was left to the end of an update that did not come to it."""
        await write(self._session_factory, effects)

    async def _finish(self, endings: Sequence[_Ending]) -> list[bool]:
        transaction = Transaction(self._session_factory)
        async with transaction.single():
            waited_for = await InboxRepository(transaction).finish(
                [one.id for one in endings], [effect for one in endings for effect in one.effects]
            )
        return [one.id in waited_for for one in endings]

    async def backlog(self) -> InboxBacklog:
        """Return what is open."""
        transaction = Transaction(self._session_factory)
        async with transaction:
            return await InboxRepository(transaction).backlog()

    async def count_dead(self) -> int:
        """Return how many updates were given up and not forgotten yet."""
        transaction = Transaction(self._session_factory)
        async with transaction:
            return await InboxRepository(transaction).count_dead()

    async def purge(self, *, done_older_than: timedelta, dead_older_than: timedelta) -> int:
        """Delete updates that have rested for so long, a batch at a time; return how many."""
        transaction = Transaction(self._session_factory)
        purge = partial(InboxRepository(transaction).purge, limit=_PURGE_BATCH)
        done = partial(purge, UpdateState.DONE, older_than=done_older_than)
        dead = partial(purge, UpdateState.DEAD, older_than=dead_older_than)
        return sum([await in_transactions(transaction, one, size=_PURGE_BATCH) for one in (done, dead)])

    async def fail(self, update: ClaimedUpdate, *, error: str, may_retry: bool = True) -> bool:
        """Note that handling failed: another try follows later, or none after the last.

        Returns whether the update is given up. The chat's later updates wait for the tries to end: without
        `may_retry` this one was the last.
        """
        transaction = Transaction(self._session_factory)
        async with transaction.single():
            is_dead = await InboxRepository(transaction).fail(
                update,
                error=error,
                max_attempts=MAX_ATTEMPTS if may_retry else update.attempt,
                retry_in=_FIRST_RETRY * 2 ** (update.attempt - 1),
            )
        if is_dead:
            UPDATES_DEAD.inc()
            logger.error("update_dead", update_id=update.update_id, reason=error)
        return is_dead
