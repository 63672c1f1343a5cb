"""Fetches what people have sent."""

import asyncio

import aiohttp
import structlog
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.exceptions import TelegramAPIError, TelegramBadRequest

from vitte.clients.documents.errors import FileTooLargeError, FileUnavailableError
from vitte.core.settings.input import FilesSettings

logger = structlog.get_logger(__name__)

_CHUNK = 1 << 16
_TRIES = 3
_FIRST_PAUSE = 0.5
_TOO_BIG = "file is too big"
_OK = 200


class _NotNowError(Exception):
    """This try did not bring the file; the next one may."""


class TelegramFiles:
    """Fetches files into memory, so many at once. Lives as long as its process."""

    def __init__(self, settings: FilesSettings) -> None:
        self._settings = settings
        self._turns = asyncio.Semaphore(settings.downloads)

    async def download(self, bot: Bot, file_id: str, *, name: str, size: int | None = None) -> bytes:
        """Return the bytes of a file; `name` is what errors call it, `size` what Telegram says of it.

        Raises FileTooLargeError, also for what turns out larger than was said, and FileUnavailableError.
        """
        if size is not None and size > self._settings.max_bytes:
            raise self._too_large(name)
        async with self._turns:
            try:
                async with asyncio.timeout(self._settings.download_timeout):
                    return await self._try(bot, file_id, name=name)
            except TimeoutError:
                raise FileUnavailableError("Telegram takes too long", name=name) from None

    async def _try(self, bot: Bot, file_id: str, *, name: str) -> bytes:
        for number in range(_TRIES):
            if number:
                await asyncio.sleep(_FIRST_PAUSE * 2 ** (number - 1))
            # Anew at each try: a path holds for an hour, and the server that had the file may be gone.
            path = await self._path(bot, file_id, name=name)
            try:
                return await self._fetch(bot, path, name=name)
            except (_NotNowError, aiohttp.ClientError) as error:
                logger.info("download_failed", reason=str(error) or type(error).__name__, attempt=number + 1)
        raise FileUnavailableError("Telegram does not hand it out", name=name)

    async def _path(self, bot: Bot, file_id: str, *, name: str) -> str:
        try:
            file = await bot.get_file(file_id)
        except TelegramBadRequest as error:
            if _TOO_BIG in error.message.lower():
                raise self._too_large(name) from None
            raise FileUnavailableError(error.message, name=name) from None
        except TelegramAPIError as error:
            raise FileUnavailableError(str(error), name=name) from error
        if not file.file_path:
            raise FileUnavailableError("Telegram tells no path", name=name)
        return file.file_path

    async def _fetch(self, bot: Bot, path: str, *, name: str) -> bytes:
        session = bot.session
        assert isinstance(session, AiohttpSession)  # noqa: S101 - ours is one
        client = await session.create_session()
        url = session.api.file_url(bot.token, path)
        content = bytearray()
        # The whole has its time-out already; the session's own is one for small calls.
        async with client.get(url, timeout=aiohttp.ClientTimeout(total=None, sock_read=30)) as response:
            if response.status != _OK:
                raise _NotNowError(f"status {response.status}")
            if (response.content_length or 0) > self._settings.max_bytes:
                raise self._too_large(name)
            async for chunk in response.content.iter_chunked(_CHUNK):
                content += chunk
                if len(content) > self._settings.max_bytes:
                    raise self._too_large(name)
        return bytes(content)

    def _too_large(self, name: str) -> FileTooLargeError:
        return FileTooLargeError(name=name, limit=self._settings.max_megabytes)
