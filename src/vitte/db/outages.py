"""Times when PostgreSQL is away, and how to live through them."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import asyncpg
import structlog
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

logger = structlog.get_logger(__name__)

Result = TypeVar("Result")

DATABASE_ERRORS = (
    SQLAlchemyError,
    OSError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
"""What a statement may raise. The last comes from a server that ends: it has said so, and not hung up yet."""

_TRY_AGAIN_AFTER = 0.5
"""Seconds."""
# https://www.postgresql.org/docs/current/errcodes-appendix.html : class 08 and parts of class 57.
_SAYS_SO = (
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
)
_AWAY = (PoolTimeoutError, ConnectionError, asyncpg.InternalClientError, *_SAYS_SO)


def is_away(error: BaseException) -> bool:
    """Tell whether the error says that PostgreSQL is away, and nothing of what was asked of it.

    The same statement may well succeed later, and whoever asked is not to blame.
    """
    if isinstance(error, _AWAY):
        return True
    if not isinstance(error, DBAPIError):
        return False
    cause = None if error.orig is None else error.orig.__cause__
    return error.connection_invalidated or isinstance(cause, (*_SAYS_SO, OSError))


def unreachable(error: BaseException) -> ConnectionError | None:
    """Return what to raise instead of an error of the system's that came from a connection to PostgreSQL.

    A name that nobody knows, a host that no way leads to, several addresses of which none answers, silence:
    none of that is a ConnectionError. Only where the error came from tells that it is about PostgreSQL. None
    for errors of other kinds, and for those that say it themselves.
    """
    if not isinstance(error, OSError) or isinstance(error, ConnectionError):
        return None
    return ConnectionError(f"PostgreSQL cannot be reached: {type(error).__name__}: {error}")


@contextmanager
def reaching() -> Iterator[None]:
    """Raise ConnectionError when the block finds that PostgreSQL cannot be reached, or is silent."""
    try:
        yield
    except OSError as error:
        if (named := unreachable(error)) is not None:
            raise named from error
        raise


async def outlast(write: Callable[[], Awaitable[Result]]) -> Result:
    """Return what `write` returns, called again and again while PostgreSQL is away. Raises its other errors.

    For what follows an effect that cannot be taken back, such as a message that was sent: were it left to
    another try of the whole, that would come twice. A commit whose answer was lost is written a second time,
    and `write` has to stand that.
    """
    is_first = True
    while True:
        try:
            return await write()
        except DATABASE_ERRORS as error:
            if not is_away(error):
                raise
            if is_first:
                logger.warning("write_put_off", reason=type(error).__name__)
        is_first = False
        await asyncio.sleep(_TRY_AGAIN_AFTER)
