"""The table of vectors, which is there where PostgreSQL has pgvector, and in no model of ours."""

from typing import Any, Final

import structlog
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

logger = structlog.get_logger(__name__)

VECTOR_TABLES: Final = ("memory_embeddings",)
"""Tables that may be missing. What is in them can be made again, so that backups go without."""

# No approximate index: whoever looks for what is near looks among one person's few rows, found by their ids.
_MAKE = (
    "CREATE EXTENSION IF NOT EXISTS vector",
    """
    CREATE TABLE memory_embeddings (
        memory_id bigint
            CONSTRAINT pk_memory_embeddings PRIMARY KEY
            CONSTRAINT fk_memory_embeddings_memory_id_memories REFERENCES memories ON DELETE CASCADE,
        model varchar(128) NOT NULL,
        embedding vector NOT NULL
    )
    """,
)
# https://www.postgresql.org/docs/current/errcodes-appendix.html : insufficient_privilege (pgvector is not a
# trusted extension: only a superuser may create it), feature_not_supported and undefined_file (its files
# are not all there), undefined_object (it is in a schema where nobody looks).
_CANNOT_BE_HAD = {"42501", "0A000", "58P01", "42704"}


def is_ours(name: str | None, kind: str, _parents: Any) -> bool:
    """Tell Alembic whether something in the database is to be compared with the models."""
    return not (kind == "table" and name in VECTOR_TABLES)


def make_sure_of_vectors(connection: Connection) -> None:
    """Make the table, unless it is there, or there is nothing yet that it hangs on.

    That it cannot be had is no error, and said in one line of the log: everything works without it.
    """
    if not connection.scalar(text("SELECT to_regclass('memories') IS NOT NULL")) or connection.scalar(
        text("SELECT to_regclass('memory_embeddings') IS NOT NULL")
    ):
        return
    if not connection.scalar(text("SELECT count(*) FROM pg_available_extensions WHERE name = 'vector'")):
        logger.info("vectors_left_out", reason="this PostgreSQL has no pgvector")
        return
    try:
        with connection.begin_nested():
            for statement in _MAKE:
                connection.execute(text(statement))
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) not in _CANNOT_BE_HAD:
            raise
        logger.warning(
            "vectors_left_out", reason=str(error.orig), cure="as a superuser: CREATE EXTENSION vector"
        )
    else:
        logger.info("vectors_made", tables=VECTOR_TABLES)
