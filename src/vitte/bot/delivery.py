"""Puts pieces of an answer into a chat."""

import re
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog
from aiogram import Bot
from aiogram.enums import ChatAction
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import InlineKeyboardMarkup, MessageEntity, ReplyParameters

from vitte.bot.formatting import Piece
from vitte.bot.metrics import PLAIN_FALLBACKS

logger = structlog.get_logger(__name__)

_ABOUT_FORMATTING = re.compile(r"entit|url|parse", re.IGNORECASE)
_NOT_MODIFIED = "message is not modified"

_Result = TypeVar("_Result")


class Delivery:
    """One chat, or one topic of it, with the message that is answered, if the answer is to show it.

    What Telegram refuses because of how it is formatted is sent as plain text: formatting is made such that
    this never happens, and should it nevertheless, people want their answer.
    """

    def __init__(
        self,
        bot: Bot,
        *,
        chat_id: int,
        message_thread_id: int | None = None,
        reply_to_message_id: int | None = None,
    ) -> None:
        self._bot = bot
        self._chat_id = chat_id
        self._thread = message_thread_id
        self._reply_to = reply_to_message_id

    async def send(
        self, piece: Piece, *, is_first: bool = True, keyboard: InlineKeyboardMarkup | None = None
    ) -> int:
        """Send a message and return its id. The first one of an answer shows what it replies to."""
        reply = None
        if is_first and self._reply_to is not None:
            # Whoever deletes a question may still get the answer.
            reply = ReplyParameters(message_id=self._reply_to, allow_sending_without_reply=True)

        async def call(entities: list[MessageEntity] | None) -> int:
            message = await self._bot.send_message(
                self._chat_id,
                piece.text,
                entities=entities,
                message_thread_id=self._thread,
                reply_parameters=reply,
                reply_markup=keyboard,
            )
            return message.message_id

        return await _formatted_or_plain(call, piece, method="sendMessage")

    async def edit(
        self, message_id: int, piece: Piece, *, keyboard: InlineKeyboardMarkup | None = None
    ) -> None:
        """Put another text into a message; that it has this text already is no error."""

        async def call(entities: list[MessageEntity] | None) -> None:
            try:
                await self._bot.edit_message_text(
                    piece.text,
                    chat_id=self._chat_id,
                    message_id=message_id,
                    entities=entities,
                    reply_markup=keyboard,
                )
            except TelegramBadRequest as error:
                if _NOT_MODIFIED not in error.message:
                    raise

        await _formatted_or_plain(call, piece, method="editMessageText")

    async def draft(self, draft_id: int, piece: Piece) -> None:
        """Show a draft, with the button that stops it."""

        async def call(entities: list[MessageEntity] | None) -> None:
            await self._bot.send_message_draft(
                chat_id=self._chat_id,
                draft_id=draft_id,
                text=piece.text,
                entities=entities,
                message_thread_id=self._thread,
                can_stop=True,
                # What was written stays in sight until the final message takes its place.
                keep_on_stop=True,
            )

        await _formatted_or_plain(call, piece, method="sendMessageDraft")

    async def typing(self) -> None:
        """Show for five seconds that an answer is under way."""
        await self._bot.send_chat_action(self._chat_id, ChatAction.TYPING, message_thread_id=self._thread)

    async def delete(self, message_id: int) -> None:
        """Take a message back."""
        await self._bot.delete_message(self._chat_id, message_id)


async def _formatted_or_plain(
    call: Callable[[list[MessageEntity] | None], Awaitable[_Result]], piece: Piece, *, method: str
) -> _Result:
    try:
        return await call(piece.entities or None)
    except TelegramBadRequest as error:
        if not piece.entities or _ABOUT_FORMATTING.search(error.message) is None:
            raise
        logger.warning("formatting_refused", method=method, reason=error.message)
    PLAIN_FALLBACKS.labels(at=method).inc()
    return await call(None)
