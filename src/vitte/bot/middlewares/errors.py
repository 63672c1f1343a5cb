"""Errors that the product foresees become replies."""

from typing import Any

import structlog
from aiogram import BaseMiddleware
from aiogram.exceptions import TelegramForbiddenError
from aiogram.types import CallbackQuery, Message, TelegramObject

from vitte.bot.middlewares.person import Handler
from vitte.bot.texts import Texts
from vitte.core.errors import VitteError

logger = structlog.get_logger(__name__)


class ErrorReplyMiddleware(BaseMiddleware):
    """Tells the person what went wrong, in their language. Stands within PersonMiddleware.

    Anything else goes on to whoever handles the update, to be tried again.
    """

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        """Go on, and answer an expected error."""
        try:
            return await _answered(handler, event, data)
        except TelegramForbiddenError:
            # They blocked the bot between their message and its answer: nothing is left to say, and the
            # gateway has noted it.
            return None


async def _answered(handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
    try:
        return await handler(event, data)
    except VitteError as error:
        texts: Texts = data["texts"]
        logger.info("error_told", code=error.code, reason=str(error))
        if isinstance(event, CallbackQuery):
            await event.answer(texts.of_error(error)[:200], show_alert=True)
        elif isinstance(event, Message):
            await event.answer(texts.of_error(error))
        return None
