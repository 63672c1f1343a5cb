"""Messages with buttons, which change in their place."""

from typing import Any

from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import CallbackQuery, InlineKeyboardMarkup, LinkPreviewOptions, Message

_LONGEST_ANSWER = 200
"""https://core.telegram.org/bots/api#answercallbackquery"""
_SAME = "message is not modified"


async def answer(query: CallbackQuery, text: str | None = None, *, alert: bool = False) -> None:
    """Take the spinner from a pressed button, and show a line.

    Too late is no fault: who pressed sees the message change, and a press may be handled again after a crash.
    """
    try:
        await query.answer(text[:_LONGEST_ANSWER] if text else None, show_alert=alert)
    except TelegramBadRequest as error:
        if "query" not in error.message:
            raise


async def show(
    query: CallbackQuery,
    bot: Bot,
    text: str,
    keyboard: InlineKeyboardMarkup | None,
    *,
    link_preview: LinkPreviewOptions | None = None,
) -> None:
    """Let the message of a pressed button say this; where it cannot be changed any more, a new one does."""
    if isinstance(query.message, Message):
        try:
            await query.message.edit_text(text, reply_markup=keyboard, link_preview_options=link_preview)
        except TelegramBadRequest as error:
            if is_same(error):
                return
        else:
            return
    await say(query, bot, text, reply_markup=keyboard, link_preview_options=link_preview)


async def say(query: CallbackQuery, bot: Bot, text: str, **options: Any) -> None:
    """Send a message to where a button was pressed: to its topic, where that is known."""
    if isinstance(query.message, Message):
        await query.message.answer(text, **options)
    else:
        await bot.send_message(chat_of(query), text, **options)


def is_same(error: TelegramBadRequest) -> bool:
    """Tell whether Telegram refused a change only because there is none."""
    return _SAME in error.message


def chat_of(query: CallbackQuery) -> int:
    """Return the chat in which a button was pressed."""
    return query.from_user.id if query.message is None else query.message.chat.id
