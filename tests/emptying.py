"""A database as the migrations left it, between two tests."""

import asyncio
import threading
from typing import Any

from tests.servers import connect
from vitte.core.settings.backends import DatabaseSettings
from vitte.db.models import LanguageModel, Persona, PlanLimits

_SEEDED = [model.__tablename__ for model in (Persona, LanguageModel, PlanLimits)]
"""Tables that the migrations put something into."""
_LARGE = 1000
"""Rows from which on a table is cut off instead: that writes 40 files, whatever there is in the table."""

_KEEP_SEEDS = "CREATE SCHEMA seeds;" + "".join(
    f"CREATE TABLE seeds.{name} AS TABLE {name};" for name in _SEEDED
)
# Most tests leave a few rows in a few tables. To truncate all tables took 36 ms, this takes 2.
_MAKE_EMPTY = f"""
    CREATE FUNCTION seeds.come_back() RETURNS void LANGUAGE plpgsql AS $$
    DECLARE
        name text;
        found boolean;
    BEGIN
        -- All goes, so nothing need be looked for that refers to it, and no order be kept.
        SET LOCAL session_replication_role = replica;
        FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
            CONTINUE WHEN name = 'alembic_version';
            EXECUTE format('SELECT EXISTS (SELECT FROM %I OFFSET {_LARGE})', name) INTO found;
            IF found THEN
                EXECUTE format('TRUNCATE %I CASCADE', name);
            END IF;
            IF to_regclass('seeds.' || name) IS NULL THEN
                EXECUTE format('DELETE FROM %I', name);
            ELSE
                EXECUTE format(
                    'SELECT EXISTS (
                        (TABLE %1$I EXCEPT TABLE seeds.%1$I) UNION (TABLE seeds.%1$I EXCEPT TABLE %1$I)
                    )', name
                ) INTO found;
                IF found THEN
                    EXECUTE format('DELETE FROM %I', name);
                    EXECUTE format('INSERT INTO %1$I OVERRIDING SYSTEM VALUE TABLE seeds.%1$I', name);
                END IF;
            END IF;
        END LOOP;
        PERFORM setval(format('%I.%I', schemaname, sequencename), 1, FALSE)
        FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL;
        FOREACH name IN ARRAY CAST('{{{",".join(_SEEDED)}}}' AS text[]) LOOP
            EXECUTE format('SELECT setval(pg_get_serial_sequence(%1$L, ''id''), max(id)) FROM %1$I', name);
        END LOOP;
    END $$
"""  # noqa: S608 - constants of ours


class Emptying:
    """Empties one database again and again, by a connection that is kept: a new one would take as long anew.

    In a thread with a loop of its own, since each test has another.
    """

    def __init__(self, database: DatabaseSettings) -> None:
        self.database = database
        self._connection: Any = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="emptying", daemon=True)
        self._thread.start()

    async def empty(self) -> None:
        """Bring every table and sequence to where the migrations left it."""
        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self._empty(), self._loop))

    def close(self) -> None:
        """Close the connection."""
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _empty(self) -> None:
        # A test may have ended it with all others.
        if self._connection is None or self._connection.is_closed():
            self._connection = await self._connect()
        await self._connection.execute("SELECT seeds.come_back()")

    async def _connect(self) -> Any:
        connection = await connect(self.database)
        if not await connection.fetchval("SELECT to_regproc('seeds.come_back') IS NOT NULL"):
            await connection.execute(_KEEP_SEEDS)
            await connection.execute(_MAKE_EMPTY)
        return connection

    async def _close(self) -> None:
        if self._connection is not None:
            await self._connection.close()
