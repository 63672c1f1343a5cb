"""The client of Redis."""

import asyncio
import ssl
from collections.abc import Iterable
from typing import Any

from redis.asyncio import BlockingConnectionPool, Connection, Redis, SSLConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from vitte.core.settings.backends import RedisSettings

_MAX_CONNECTIONS = 10


class _Connection(Connection):
    """A connection whose caller can be cancelled at any moment.

    redis-py writes under `asyncio.wait_for`, which before Python 3.12 loses a cancellation that comes just
    as the write is over (https://github.com/python/cpython/issues/86296): the task would go on as if nothing
    had been said, and whoever waits for its end would wait for ever.
    """

    async def send_packed_command(
        self,
        command: bytes | str | Iterable[bytes],
        check_health: bool = True,  # noqa: FBT001, FBT002 - redis-py's signature
    ) -> None:
        await super().send_packed_command(command, check_health=check_health)
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            # The answer to what was written would be taken for that of the next command.
            await self.disconnect(nowait=True)
            raise asyncio.CancelledError


class _TlsConnection(_Connection, SSLConnection):
    """The same by TLS."""


def tls_options(settings: RedisSettings) -> dict[str, Any]:
    """Return how redis-py is to check the server's certificate; empty where there is no TLS."""
    if not settings.tls:
        return {}
    return {
        "ssl_cert_reqs": ssl.CERT_REQUIRED,
        "ssl_ca_certs": settings.tls_ca or None,
        "ssl_check_hostname": True,
    }


def connect_redis(settings: RedisSettings, *, timeout: float) -> Redis:
    """Make a client of Redis; every try of a call ends within `timeout` seconds.

    There is a second try at once, for the connection that a restart of Redis has closed.
    """
    pool = BlockingConnectionPool(
        connection_class=_TlsConnection if settings.tls else _Connection,
        # Enough for one process; more would be opened all at once by a burst, and then time out.
        max_connections=_MAX_CONNECTIONS,
        timeout=timeout,
        host=settings.host,
        port=settings.port,
        db=settings.database,
        username=settings.username or None,
        password=settings.password.get_secret_value() or None,
        socket_timeout=timeout,
        socket_connect_timeout=timeout,
        retry=Retry(NoBackoff(), 1),
        **tls_options(settings),
    )
    return Redis.from_pool(pool)
