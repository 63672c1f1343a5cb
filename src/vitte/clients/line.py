"""One connection to Redis, without what a pool does around every call."""

import asyncio
from collections.abc import Sequence
from typing import Any

import hiredis
from redis.asyncio import Redis
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError

Commands = Sequence[tuple[Any, ...]]


class _Group:
    """Commands of one caller, and what becomes of them: answers, an error, or None when it is their turn."""

    def __init__(self, commands: Commands) -> None:
        self.commands = commands
        self.outcome: asyncio.Future[list[Any] | None] = asyncio.get_running_loop().create_future()


class Line:
    """Sends groups of commands on one connection; what comes up at the same moment goes in one round trip.

    The connection is one of `redis`, kept from when it is first needed until `redis` is closed, and made anew
    once it is broken. Nothing here has a time-out: whoever is cancelled while its commands are under way
    leaves the connection closed, for the answers to what was written belong to nobody then, and whoever is
    under way with it gets an error. redis-py's own pipeline takes three times the CPU for a lone command,
    most of it for the pool and for time-outs of its own. [redis-py 8.1]
    """

    def __init__(self, redis: Redis) -> None:
        self._pool = redis.connection_pool
        self._connection: AbstractConnection | None = None
        self._waiting: list[_Group] = []
        self._is_busy = False

    @property
    def is_busy(self) -> bool:
        """Whether anybody's commands are under way."""
        return self._is_busy

    async def run(self, commands: Commands) -> list[Any]:
        """Return the answers as they came, an error of a command in its place. Raises RedisError or OSError.

        What a connection that rested does not take is tried once more on a new one: Redis may have been
        restarted meanwhile.
        """
        mine = _Group(commands)
        self._waiting.append(mine)
        if self._is_busy and (answers := await self._wait(mine)) is not None:
            return answers
        # One of those who wait sends for all of them: no task is needed for that.
        self._is_busy = True
        groups: list[_Group] = []
        try:
            # Whoever comes up at the same moment is there a round of the loop later.
            await asyncio.sleep(0)
            groups = [group for group in self._waiting if not group.outcome.cancelled()]
            self._waiting = []
            all_answers = await self._send([command for group in groups for command in group.commands])
        except BaseException as error:
            failure = error if isinstance(error, Exception) else RedisConnectionError("cut off")
            for group in groups:
                if group is not mine and not group.outcome.done():
                    group.outcome.set_exception(failure)
            raise
        finally:
            if mine in self._waiting:
                self._waiting.remove(mine)
            self._pass_on()
        own: list[Any] = []
        for group in groups:
            answers, all_answers = all_answers[: len(group.commands)], all_answers[len(group.commands) :]
            if group is mine:
                own = answers
            elif not group.outcome.done():
                group.outcome.set_result(answers)
        return own

    async def _wait(self, mine: _Group) -> list[Any] | None:
        """Return the answers that somebody else fetches, or None when it is our turn to."""
        try:
            return await mine.outcome
        except asyncio.CancelledError:
            if mine in self._waiting:
                self._waiting.remove(mine)
                if not mine.outcome.cancelled():
                    # It was our turn already.
                    self._pass_on()
            raise

    def _pass_on(self) -> None:
        """Let the first of those who wait send for all who do by then."""
        self._is_busy = False
        for group in self._waiting:
            # Whoever was cancelled may not know of it yet.
            if not group.outcome.done():
                self._is_busy = True
                group.outcome.set_result(None)
                return

    async def _send(self, commands: Commands) -> list[Any]:
        connection = self._connection
        if connection is not None and connection.is_connected:
            try:
                return await _exchange(connection, commands)
            except (RedisConnectionError, OSError, RuntimeError):
                # The last is uvloop's word for a connection that broke while it rested.
                await connection.disconnect(nowait=True)
        if connection is None:
            connection = self._connection = await self._pool.get_connection()  # type: ignore[no-untyped-call]
            # With a time-out each write would be a task of its own.
            connection.socket_timeout = None
        await connection.connect()
        return await _exchange(connection, commands)


async def _exchange(connection: AbstractConnection, commands: Commands) -> list[Any]:
    # redis-py's own packing is Python, and takes five times as long.
    packed = b"".join(map(hiredis.pack_command, commands))
    await connection.send_packed_command(packed, check_health=False)
    answers: list[Any] = []
    for _ in commands:
        try:
            answers.append(await connection.read_response(disable_decoding=True))
        except ResponseError as error:
            answers.append(error)
    return answers
