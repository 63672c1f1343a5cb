"""What PostgreSQL's errors mean to those who could try again."""

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

# https://www.postgresql.org/docs/current/errcodes-appendix.html : class 08 and parts of class 57.
_AWAY = (
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    OSError,
)


def is_away(error: BaseException) -> bool:
    """Tell whether the error says that PostgreSQL is away, and nothing of what was asked of it.

    The same statement may well succeed later, and whoever asked is not to blame.
    """
    if isinstance(error, PoolTimeoutError | ConnectionError):
        return True
    if not isinstance(error, DBAPIError):
        return False
    cause = None if error.orig is None else error.orig.__cause__
    return error.connection_invalidated or isinstance(cause, _AWAY)
