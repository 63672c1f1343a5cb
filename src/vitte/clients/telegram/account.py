"""The bot's account at Telegram."""

import asyncio

import orjson
import structlog
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.session.middlewares.base import BaseRequestMiddleware, NextRequestMiddlewareType
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import TelegramNetworkError, TelegramRetryAfter, TelegramServerError
from aiogram.methods import SendMessageDraft
from aiogram.methods.base import Response, TelegramMethod, TelegramType

from vitte.core.settings.outside import TelegramSettings

logger = structlog.get_logger(__name__)

_ATTEMPTS = 6
_FIRST_BACKOFF = 0.5


class PatientRequests(BaseRequestMiddleware):
    """Waits as long as Telegram asks and tries again; also when Telegram is away for a moment.

    A call whose answer was lost on the way may so take effect twice: a message that comes twice is better
    than one that never comes. Drafts are not repeated: the next one says more.
    """

    async def __call__(
        self,
        make_request: NextRequestMiddlewareType[TelegramType],
        bot: Bot,
        method: TelegramMethod[TelegramType],
    ) -> Response[TelegramType]:
        """Make the request, up to six times. Raises what the last try raised."""
        attempts = 1 if isinstance(method, SendMessageDraft) else _ATTEMPTS
        for attempt in range(1, attempts):
            try:
                return await make_request(bot, method)
            except TelegramRetryAfter as error:
                wait = float(error.retry_after)
            except (TelegramNetworkError, TelegramServerError):
                wait = _FIRST_BACKOFF * 2 ** (attempt - 1)
            logger.info("call_put_off", method=method.__api_method__, seconds=wait)
            await asyncio.sleep(wait)
        return await make_request(bot, method)


def bot_id_of(settings: TelegramSettings) -> int:
    """Return the bot's own id, which is the part of its token before the colon.

    https://core.telegram.org/bots/api#authorizing-your-bot . Raises ValueError for a text that is no token.
    """
    bot_id, colon, _ = settings.token.get_secret_value().partition(":")
    if not colon or not bot_id.isdecimal():
        raise ValueError("the bot's token must look like 123456:ABC-DEF, as @BotFather gives it")
    return int(bot_id)


def create_bot(settings: TelegramSettings) -> Bot:
    """Make the client of the Bot API; its session opens on first use and wants to be closed."""
    bot_id_of(settings)
    session = AiohttpSession(
        api=TelegramAPIServer.from_base(settings.api_url),
        json_loads=orjson.loads,
        timeout=settings.request_timeout,
    )
    session.middleware(PatientRequests())
    return Bot(settings.token.get_secret_value(), session=session)
