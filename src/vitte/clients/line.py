"""One connection to Redis, without what a pool does around every call."""

from collections.abc import Sequence
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError


class Line:
    """Sends groups of commands on one connection, one group after the other.

    The connection is one of `redis`, kept from when it is first needed until `redis` is closed, and made anew
    once it is broken. Nothing here has a time-out: whoever is cancelled leaves the connection closed, for the
    answers to what was written belong to nobody then. redis-py's own pipeline takes three times the CPU for
    a lone command, most of it for the pool and for time-outs of its own. [redis-py 8.1]
    """

    def __init__(self, redis: Redis) -> None:
        self._pool = redis.connection_pool
        self._connection: AbstractConnection | None = None

    async def run(self, commands: Sequence[tuple[Any, ...]]) -> list[Any]:
        """Return the answers as they came, an error of a command in its place. Raises RedisError or OSError.

        What a connection that rested does not take is tried once more on a new one: Redis may have been
        restarted meanwhile.
        """
        connection = self._connection
        if connection is not None and connection.is_connected:
            try:
                return await _run(connection, commands)
            except (RedisConnectionError, OSError):
                await connection.disconnect(nowait=True)
        if connection is None:
            connection = self._connection = await self._pool.get_connection()  # type: ignore[no-untyped-call]
            # With a time-out each write would be a task of its own.
            connection.socket_timeout = None
        await connection.connect()
        return await _run(connection, commands)


async def _run(connection: AbstractConnection, commands: Sequence[tuple[Any, ...]]) -> list[Any]:
    await connection.send_packed_command(connection.pack_commands(commands), check_health=False)
    answers: list[Any] = []
    for _ in commands:
        try:
            answers.append(await connection.read_response(disable_decoding=True))
        except ResponseError as error:
            answers.append(error)
    return answers
