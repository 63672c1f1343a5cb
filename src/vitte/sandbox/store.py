"""Keeps the world on disk: what changed is written in batches by one thread, off the path of every call.

A kill -9 loses at most the changes of the last `flush_interval` (0.05 s) and of the batch being written,
about 0.1 s together; a loss of power may lose more, because SQLite is not asked to sync at each commit. That
is meant for the state of demos and tests.
"""

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import orjson
import structlog

logger = structlog.get_logger(__name__)

Dump = Callable[[], Any]
"""Makes the JSON of a record at the time of writing, so that many changes cost one writing."""
_Row = tuple[str, str, bytes]


class MemoryStore:
    """Keeps nothing: the world lives as long as the process."""

    clean = True
    """Whether the last process closed the store properly."""

    def load(self) -> Iterator[tuple[str, str, Any]]:
        """Yield the kept records as (kind, key, JSON value), in the order of their first writing."""
        yield from ()

    def put(self, kind: str, key: str, dump: Dump) -> None:
        """Write the record soon."""

    def delete(self, kind: str, key: str) -> None:
        """Forget the record soon."""

    async def run(self) -> None:
        """Write what changed until cancelled."""

    async def close(self) -> None:
        """Write the rest and let go of the disk."""


class SqliteStore(MemoryStore):
    """One table of JSON records in an SQLite file in WAL mode."""

    def __init__(self, path: Path, *, interval: float) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._interval = interval
        self._changed: dict[tuple[str, str], Dump | None] = {}
        self._wake = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sandbox-store")
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS records (kind TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL,"
            " PRIMARY KEY (kind, key))"
        )
        row = self._db.execute("SELECT value FROM records WHERE kind = 'store' AND key = 'open'").fetchone()
        self.clean = row is None
        self._db.execute("INSERT OR REPLACE INTO records VALUES ('store', 'open', 'true')")

    def load(self) -> Iterator[tuple[str, str, Any]]:
        """Yield the kept records as (kind, key, JSON value), in the order of their first writing."""
        cursor = self._db.execute("SELECT kind, key, value FROM records WHERE kind <> 'store' ORDER BY rowid")
        for kind, key, value in cursor:
            yield kind, key, orjson.loads(value)

    def put(self, kind: str, key: str, dump: Dump) -> None:
        """Write the record soon."""
        self._changed[kind, key] = dump
        self._wake.set()

    def delete(self, kind: str, key: str) -> None:
        """Forget the record soon."""
        self._changed[kind, key] = None
        self._wake.set()

    async def run(self) -> None:
        """Write what changed until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                await self.flush()
            except sqlite3.Error as error:
                logger.warning("sandbox_state_not_written", error=str(error))
            await asyncio.sleep(self._interval)

    async def flush(self) -> None:
        """Write what changed so far."""
        changed, self._changed = self._changed, {}
        if not changed:
            return
        # Made here and not in the thread: the objects belong to the event loop.
        rows = [
            (kind, key, orjson.dumps(dump())) for (kind, key), dump in changed.items() if dump is not None
        ]
        gone = [key for key, dump in changed.items() if dump is None]
        writing = asyncio.get_running_loop().run_in_executor(self._thread, self._write, rows, gone)
        # A cancelled writer must not take back a batch that is already out of `_changed`.
        await asyncio.shield(writing)

    async def close(self) -> None:
        """Write the rest and let go of the disk."""
        with contextlib.suppress(sqlite3.Error):
            await self.flush()
            self._db.execute("DELETE FROM records WHERE kind = 'store' AND key = 'open'")
        self._thread.shutdown()
        self._db.close()

    def _write(self, rows: list[_Row], gone: list[tuple[str, str]]) -> None:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            # An upsert keeps the rowid, and with it the order of messages in a chat.
            self._db.executemany(
                "INSERT INTO records VALUES (?, ?, ?)"
                " ON CONFLICT (kind, key) DO UPDATE SET value = excluded.value",
                rows,
            )
            self._db.executemany("DELETE FROM records WHERE kind = ? AND key = ?", gone)
        except sqlite3.Error:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")
