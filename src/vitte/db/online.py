"""Changes of tables that people are using meanwhile, for migrations."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from alembic import op
from sqlalchemy import Connection, text

_IS_BROKEN = text(
    "SELECT EXISTS (SELECT FROM pg_index"
    " WHERE indexrelid = to_regclass(quote_ident(:name)) AND NOT indisvalid)"
)


def create_index(name: str, table: str, columns: Sequence[Any], **options: Any) -> None:
    """Make an index while the table is read and written; `options` are those of `op.create_index`.

    In a migration of nothing but such calls: none can be part of a transaction, and what is done stays done
    when a later one fails. It waits for every transaction that is open, which holds up nobody. If it is
    interrupted, an index is left that is not used but kept up to date: the next try begins by deleting it.
    https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY
    """
    with _alone() as connection:
        if connection.scalar(_IS_BROKEN, {"name": name}):
            op.drop_index(name, table_name=table, postgresql_concurrently=True)
        op.create_index(
            name, table, list(columns), postgresql_concurrently=True, if_not_exists=True, **options
        )


def drop_index(name: str, table: str) -> None:
    """Delete an index while the table is read and written; in a migration of nothing but such calls."""
    with _alone():
        op.drop_index(name, table_name=table, postgresql_concurrently=True, if_exists=True)


@contextmanager
def _alone() -> Iterator[Connection]:
    """Leave the migration's transaction, and wait as long as it takes: nobody waits behind it."""
    with op.get_context().autocommit_block():
        connection = op.get_bind()
        patience = connection.scalar(text("SHOW lock_timeout"))
        connection.execute(text("SET lock_timeout = 0"))
        try:
            yield connection
        finally:
            connection.execute(text("SELECT set_config('lock_timeout', :it, false)"), {"it": patience})
