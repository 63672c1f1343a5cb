"""Hearing of what other processes have committed, at once."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import asyncpg
import structlog

from vitte.core.settings.backends import DatabaseSettings
from vitte.db.engine import connect
from vitte.db.outages import DATABASE_ERRORS

logger = structlog.get_logger(__name__)

_RETRY_AFTER = 1.0
_ASK_EVERY = 30.0
_ANSWER_WITHIN = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One of PostgreSQL's notification channels, and what to do with it.

    `hear` gets the payload of each notification. `catch_up` is awaited whenever the connection is there,
    for the first time or again: what was announced in between is heard by nobody.
    """

    name: str
    hear: Callable[[str], object]
    catch_up: Callable[[], Awaitable[None]]


class NotificationListener:
    """Listens to channels over one connection of its own."""

    def __init__(self, settings: DatabaseSettings, channels: Sequence[Channel]) -> None:
        self._settings = settings
        self._channels = channels

    async def run(self) -> None:
        """Listen until cancelled, connecting anew whenever the connection is lost."""
        while True:
            try:
                await self._listen()
            except (*DATABASE_ERRORS, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                logger.warning("listener_lost", reason=type(error).__name__)
            await asyncio.sleep(_RETRY_AFTER)

    async def _listen(self) -> None:
        connection = await connect(self._settings, process="listener")
        lost = asyncio.Event()
        try:
            connection.add_termination_listener(lambda _connection: lost.set())
            for channel in self._channels:
                await connection.add_listener(channel.name, _hearing(channel))
            for channel in self._channels:
                await channel.catch_up()
            while not await _is_set(lost, within=_ASK_EVERY):
                # A server that vanished says nothing, nor does a router that forgot the connection.
                await connection.fetchval("SELECT 1", timeout=_ANSWER_WITHIN)
        finally:
            with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
                await connection.close(timeout=1)


async def _is_set(event: asyncio.Event, *, within: float) -> bool:
    with suppress(TimeoutError):
        async with asyncio.timeout(within):
            await event.wait()
    return event.is_set()


def _hearing(channel: Channel) -> Callable[..., None]:
    def hear(_connection: Any, _pid: int, _channel: str, payload: object) -> None:
        channel.hear(str(payload))

    return hear
