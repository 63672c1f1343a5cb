"""What a backup asks the database itself."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from vitte.backups.archives import Contents
from vitte.backups.errors import BackupError
from vitte.core.settings.backends import DatabaseSettings
from vitte.db.engine import connect
from vitte.db.vectors import VECTOR_TABLES

Connection = Any
"""asyncpg's, which has no types."""

# Vectors are in no backup: they can be made again, and a server without pgvector has to take the rest.
_TABLES = """\
SELECT format('%I', tablename) FROM pg_tables
WHERE schemaname = 'public' AND tablename <> ALL ($1::text[]) ORDER BY tablename
"""
_INDEXES = "SELECT count(*) FROM pg_indexes WHERE schemaname = 'public' AND tablename <> ALL ($1::text[])"
_LINKS_COUNT = """\
SELECT count(*) FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid
WHERE contype = 'f' AND relname <> ALL ($1::text[])
"""

_LINKS = """\
SELECT conrelid::regclass::text, quote_ident(child.attname),
       confrelid::regclass::text, quote_ident(parent.attname)
FROM pg_constraint
JOIN pg_attribute AS child ON child.attrelid = conrelid AND child.attnum = conkey[1]
JOIN pg_attribute AS parent ON parent.attrelid = confrelid AND parent.attnum = confkey[1]
WHERE contype = 'f' AND cardinality(conkey) = 1
"""
_IDENTITIES = """\
SELECT format('%I', table_name), format('%I', column_name),
       pg_get_serial_sequence(format('public.%I', table_name), column_name)
FROM information_schema.columns WHERE table_schema = 'public' AND is_identity = 'YES'
"""


@asynccontextmanager
async def connected(settings: DatabaseSettings) -> AsyncIterator[Connection]:
    """Connect, with no time-outs but one for connecting. Raises BackupError."""
    try:
        connection = await connect(
            settings, process="backup", idle_in_transaction_session_timeout="0", statement_timeout="0"
        )
    except (OSError, asyncpg.PostgresError, TimeoutError) as error:
        raise BackupError(f"PostgreSQL cannot be reached: {str(error) or type(error).__name__}") from None
    try:
        yield connection
    except asyncpg.PostgresError as error:
        raise BackupError(f"PostgreSQL refused: {error}") from error
    finally:
        await connection.close(timeout=5)


async def server_version(connection: Connection) -> int:
    """Return the server's major version."""
    return int(connection.get_server_version().major)


async def look_into(connection: Connection) -> Contents:
    """Return what is in the database."""
    tables = [row[0] for row in await connection.fetch(_TABLES, VECTOR_TABLES)]
    return Contents(
        revision=await _revision(connection),
        # The names come from the catalogue, quoted by the server.
        counts={
            table: await connection.fetchval(f"SELECT count(*) FROM public.{table}")  # noqa: S608
            for table in tables
        },
        indexes=await connection.fetchval(_INDEXES, VECTOR_TABLES),
        links=await connection.fetchval(_LINKS_COUNT, VECTOR_TABLES),
    )


async def _revision(connection: Connection) -> str:
    if await connection.fetchval("SELECT to_regclass('public.alembic_version')") is None:
        return ""
    return await connection.fetchval("SELECT version_num FROM public.alembic_version") or ""


async def orphans(connection: Connection) -> list[str]:
    """Return what points to rows that are not there, by the links that the tables have."""
    links = await connection.fetch(_LINKS)
    faults = []
    for child, column, parent, key in links:
        # The names come from the catalogue, quoted by the server.
        count = await connection.fetchval(
            f"SELECT count(*) FROM {child} AS child WHERE {column} IS NOT NULL"  # noqa: S608
            f" AND NOT EXISTS (SELECT FROM {parent} AS parent WHERE parent.{key} = child.{column})"
        )
        if count:
            faults.append(f"{count} rows of {child} point to no row of {parent}")
    return faults


async def taken_ids(connection: Connection) -> list[str]:
    """Return the tables whose next new row would get an id that is taken."""
    faults = []
    for table, column, sequence in await connection.fetch(_IDENTITIES):
        # The names come from the catalogue, quoted by the server.
        is_ahead = await connection.fetchval(
            f"SELECT coalesce(max({column}), 0) < (SELECT last_value + is_called::int FROM {sequence})"  # noqa: S608
            f" FROM public.{table}"
        )
        if not is_ahead:
            faults.append(f"the next id of {table} is taken")
    return faults


async def others_connected(connection: Connection) -> list[str]:
    """Return who else of ours uses this database, by the name of the process."""
    rows = await connection.fetch(
        "SELECT application_name, count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND pid <> pg_backend_pid() AND application_name LIKE 'vitte-%'"
        " AND application_name <> 'vitte-backup' GROUP BY 1 ORDER BY 1"
    )
    return [f"{row[0]} ({row[1]})" for row in rows]
