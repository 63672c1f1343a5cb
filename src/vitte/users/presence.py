"""When people were last seen: noted in memory, written once a minute."""

import asyncio
from datetime import datetime

import structlog

from vitte.db.engine import SessionFactory
from vitte.db.outages import DATABASE_ERRORS, outlast
from vitte.db.transaction import Transaction
from vitte.users.repository import UserRepository

logger = structlog.get_logger(__name__)

_BATCH = 300
"""People whose rows one statement locks."""
_MOST = 100_000
"""People who are noted at most while nothing can be written; then the first of them are dropped."""
_WRITE_WITHIN = 2.0
"""Seconds for what is noted at the end of the process."""


class Presence:
    """Who has written since the last write, and when.

    Lives as long as its process, and costs an update neither a statement nor a command to Redis. An end in
    order writes what is noted; a process that is killed takes up to a minute of it along. That is for what
    nobody misses: quota, billing and payments are never put off like this, they are committed before
    anything is done about them.
    """

    def __init__(self, session_factory: SessionFactory, *, interval: float) -> None:
        self._session_factory = session_factory
        self._interval = interval
        self._noted: dict[int, datetime] = {}

    def note(self, telegram_id: int, at: datetime) -> None:
        """Note that a person was there; in memory, and once however often they were."""
        noted = self._noted.get(telegram_id)
        if noted is not None and noted >= at:
            return
        if noted is None and len(self._noted) >= _MOST:
            del self._noted[next(iter(self._noted))]
        self._noted[telegram_id] = at

    async def run(self) -> None:
        """Write what is noted, again and again, until cancelled."""
        while True:
            await asyncio.sleep(self._interval)
            try:
                await self.write()
            except DATABASE_ERRORS as error:
                logger.warning("presence_put_off", count=len(self._noted), reason=type(error).__name__)

    async def write(self) -> None:
        """Write what is noted. What cannot be written stays noted. Raises one of `DATABASE_ERRORS` then."""
        noted, self._noted = self._noted, {}
        # In one order in all processes, as people are registered: nobody waits for each other.
        waiting = sorted(noted)
        try:
            while waiting:
                await self._write({telegram_id: noted[telegram_id] for telegram_id in waiting[:_BATCH]})
                del waiting[:_BATCH]
        finally:
            for telegram_id in waiting:
                self.note(telegram_id, noted[telegram_id])

    async def close(self) -> None:
        """Write what is noted at the end of the process, and outlast an outage for two seconds."""
        try:
            async with asyncio.timeout(_WRITE_WITHIN):
                await outlast(self.write)
        except DATABASE_ERRORS as error:
            logger.warning("presence_lost", count=len(self._noted), reason=type(error).__name__)

    async def _write(self, times: dict[int, datetime]) -> None:
        transaction = Transaction(self._session_factory)
        async with transaction.single():
            await UserRepository(transaction).set_last_seen(times)
