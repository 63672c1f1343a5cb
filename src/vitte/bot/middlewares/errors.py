"""Errors that the product foresees become replies."""

from typing import Any

import structlog
from aiogram import BaseMiddleware
from aiogram.exceptions import TelegramForbiddenError
from aiogram.types import CallbackQuery, Message, TelegramObject

from vitte.bot.keyboards.answer import SayButton
from vitte.bot.middlewares.person import Handler
from vitte.bot.texts import Texts
from vitte.core.errors import VitteError
from vitte.inbox.schemas import ASKING

logger = structlog.get_logger(__name__)

_AWAITS_AN_ANSWER = (f"{ASKING}:", SayButton.__prefix__)
"""How the data of buttons begins that are answered with a message."""


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
            await _tell_presser(event, texts.of_error(error))
        elif isinstance(event, Message):
            await event.answer(texts.of_error(error))
        return None


async def _tell_presser(query: CallbackQuery, text: str) -> None:
    """Say it over the chat, or in it where an answer was awaited: such a press has been answered already."""
    is_awaited = (query.data or "").startswith(_AWAITS_AN_ANSWER)
    if is_awaited and isinstance(query.message, Message):
        await query.message.answer(text)
    else:
        await query.answer(text[:200], show_alert=True)
