"""Taking a connection out of the pool, and giving it back."""

import time
from contextlib import suppress
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, event
from sqlalchemy.exc import DisconnectionError, MissingGreenlet
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import QueuePool
from sqlalchemy.util import greenlet_spawn

_TEST_AFTER = 30.0
"""Seconds of rest after which a connection is tested over the network before its next use."""
_MARGIN = 5.0
"""Seconds before its end of which a connection is not taken for one that lasts."""
_OPENED = "vitte_opened"
_USED_AT = "vitte_used_at"
_RESTS_SINCE = "vitte_rests_since"


class Resting:
    """The connections of a pool that nobody uses, the one used last at the end: it is used next.

    They are tested before they are used again. SQLAlchemy's own test asks the server before each transaction:
    BEGIN, an empty statement and ROLLBACK, as many round trips as most transactions have themselves. But a
    server that ends closes its connections, and we are told. Only for a connection that rested the server is
    asked, for a firewall may have forgotten it.
    """

    def __init__(self, engine: Engine, *, recycle_after: float, are_tested: bool) -> None:
        self._records: list[Any] = []
        self._called_off_at = 0.0
        self._recycle_after = recycle_after
        self._are_tested = are_tested
        self._errors = (engine.dialect.loaded_dbapi.Error, OSError)
        event.listen(engine, "connect", self._opened)
        event.listen(engine, "checkin", self._given_back)
        event.listen(engine, "checkout", self._taken)
        event.listen(engine, "close", self._closed)
        for invalidation in ("invalidate", "soft_invalidate"):
            event.listen(engine, invalidation, self._called_off)

    def is_next_ready(self) -> bool:
        """Tell whether the next connection can be taken as it is: SQLAlchemy has no reason to replace it."""
        if not self._records:
            return False
        record, now = self._records[-1], time.monotonic()
        connection = record.dbapi_connection
        return (
            connection is not None
            and not connection.driver_connection.is_closed()
            and now - record.info.get(_RESTS_SINCE, 0.0) < _TEST_AFTER
            and now - record.info[_OPENED] < self._recycle_after - _MARGIN
            and record.info.get(_USED_AT, 0.0) > self._called_off_at
        )

    def _opened(self, _connection: Any, record: Any) -> None:
        record.info[_OPENED] = time.monotonic()

    def _given_back(self, connection: Any, record: Any) -> None:
        # One that could not be opened again comes back without having been taken.
        self._closed(connection, record)
        record.info[_RESTS_SINCE] = time.monotonic()
        self._records.append(record)

    def _closed(self, _connection: Any, record: Any) -> None:
        if record in self._records:
            self._records.remove(record)

    def _called_off(self, _connection: Any, _record: Any, _error: Any) -> None:
        # Perhaps all that were open, and perhaps this one alone: whichever is used after it was not meant.
        self._called_off_at = time.monotonic()

    def _taken(self, connection: Any, record: Any, _proxy: Any) -> None:
        self._closed(connection, record)
        record.info[_USED_AT] = time.monotonic()
        if not self._are_tested:
            return
        if connection.driver_connection.is_closed():
            raise DisconnectionError("closed by the server")
        if time.monotonic() - record.info.get(_RESTS_SINCE, time.monotonic()) > _TEST_AFTER:
            try:
                connection.ping()
            except self._errors as error:
                raise DisconnectionError("lost while it rested") from error


_RESTING: WeakKeyDictionary[Engine, Resting] = WeakKeyDictionary()


def watch(engine: AsyncEngine, *, recycle_after: float, are_tested: bool) -> None:
    """Keep in mind which connections of an engine rest, and test them before use if they `are_tested`.

    `recycle_after` is how many seconds a connection is used at most.
    """
    resting = Resting(engine.sync_engine, recycle_after=recycle_after, are_tested=are_tested)
    _RESTING[engine.sync_engine] = resting


async def take(engine: AsyncEngine) -> Any:
    """Return a connection of the pool. Raises the pool's errors, and those of the driver's adapter.

    One that is free and in order is there without waiting, so no greenlet is needed in which SQLAlchemy would
    wait: that is most of what it costs.
    """
    resting = _RESTING.get(engine.sync_engine)
    if resting is not None and resting.is_next_ready():
        # The pool has reasons of its own to open another after all, such as a clock that was set.
        with suppress(MissingGreenlet):
            return engine.sync_engine.raw_connection()
    return await engine.raw_connection()


async def give_back(engine: AsyncEngine, connection: Any) -> None:
    """Give a connection back that is in no transaction."""
    pool = engine.pool
    if isinstance(pool, QueuePool) and pool.checkedin() < pool.size():
        connection.close()
    else:
        # It is one too many, and closed over the network.
        await greenlet_spawn(connection.close)
