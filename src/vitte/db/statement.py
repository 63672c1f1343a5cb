"""SQL for what every update needs: put together once, and sent by the driver itself."""

from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg
from sqlalchemy import text
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.util import greenlet_spawn

from vitte.db.checkout import give_back, take
from vitte.db.outages import reaching

_DIALECT = PGDialect_asyncpg()  # type: ignore[no-untyped-call]
_DIALECT_ERROR: type[Exception] = PGDialect_asyncpg.import_dbapi().Error  # type: ignore[no-untyped-call]


class Row(asyncpg.Record):  # type: ignore[misc]  # asyncpg has no types
    """A row whose columns are attributes, as those of SQLAlchemy's rows are."""

    def __getattr__(self, name: str) -> Any:
        """Return a column. Raises AttributeError."""
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


class Statement:
    """SQL with `:name` for each parameter.

    As a part of a transaction it goes the way of everything else. By itself it goes from a connection of the
    pool straight to PostgreSQL: session, compiler and cursor would cost several times what the driver takes.
    Parameters are then what asyncpg makes of Python's types, so that lists are cast in the SQL.
    """

    def __init__(self, sql: str) -> None:
        self.clause = text(sql)
        compiled = self.clause.compile(dialect=_DIALECT)
        self._sql = str(compiled)
        self._names: Sequence[str] = compiled.positiontup or ()

    async def run_alone(self, engine: AsyncEngine, parameters: Mapping[str, Any]) -> Sequence[Row]:
        """Run it as a transaction of its own, on a connection of the pool. Raises asyncpg's errors, and
        ConnectionError when PostgreSQL went away or is silent."""
        pooled = await _checked_out(engine)
        connection: Any = pooled.driver_connection
        arguments = [parameters[name] for name in self._names]
        try:
            with reaching():
                rows: Sequence[Row] = await connection.fetch(self._sql, *arguments, record_class=Row)
        except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            # The pool looks at the connection before it is used again.
            await give_back(engine, pooled)
            if connection.is_closed():
                raise ConnectionResetError("PostgreSQL has closed the connection") from error
            raise
        except BaseException:
            # Nobody knows what the connection is in the middle of.
            await greenlet_spawn(pooled.invalidate)
            raise
        await give_back(engine, pooled)
        return rows


async def _checked_out(engine: AsyncEngine) -> Any:
    """Return a connection of the pool. Raises asyncpg's errors, OSError and SQLAlchemy's of the pool.

    A pool that has to connect first raises what its driver's adapter makes of asyncpg's errors, which is no
    SQLAlchemyError when it is asked without a session: so it says that PostgreSQL is just starting up.
    """
    try:
        return await take(engine)
    except _DIALECT_ERROR as error:
        cause = error.__cause__
        raise (cause if isinstance(cause, Exception) else ConnectionError(str(error))) from None
