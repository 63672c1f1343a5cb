"""Hearing of new updates at once, whichever process took them in."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import asyncpg
import structlog

from vitte.core.settings.backends import DatabaseSettings
from vitte.inbox.repository import CHANNEL

logger = structlog.get_logger(__name__)

_RETRY_AFTER = 1.0


class InboxListener:
    """Calls `wake` when updates were stored, over a connection of its own.

    Only a shortcut: whoever waits also looks into the inbox from time to time, so a notification that is
    missed while PostgreSQL restarts costs a moment, never an update.
    """

    def __init__(self, settings: DatabaseSettings, wake: Callable[[], None]) -> None:
        self._settings = settings
        self._wake = wake

    async def run(self) -> None:
        """Listen until cancelled, connecting anew whenever the connection is lost."""
        while True:
            try:
                await self._listen()
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
                logger.warning("inbox_listener_lost", reason=type(error).__name__)
            await asyncio.sleep(_RETRY_AFTER)

    async def _listen(self) -> None:
        settings = self._settings
        connection = await asyncpg.connect(
            host=settings.host,
            port=settings.port,
            user=settings.user,
            password=settings.password.get_secret_value(),
            database=settings.name,
            timeout=settings.connect_timeout,
            server_settings={"application_name": "vitte-inbox-listener"},
        )
        lost = asyncio.Event()
        try:
            connection.add_termination_listener(lambda _connection: lost.set())
            await connection.add_listener(CHANNEL, lambda *_: self._wake())
            self._wake()
            await lost.wait()
        finally:
            with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
                await connection.close(timeout=1)
