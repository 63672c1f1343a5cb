"""Answers that are read aloud."""

import asyncio
from contextlib import suppress

from aiogram import Bot
from aiogram.enums import ChatAction
from aiogram.exceptions import TelegramAPIError
from aiogram.types import BufferedInputFile, Message, ReplyParameters

from vitte.assistant.schemas import Given
from vitte.assistant.speaking import SpeakingService
from vitte.bot.formatting import message_pieces
from vitte.bot.places import topic_of
from vitte.core.nursery import Nursery
from vitte.users.schemas import Person

_ACTION_LASTS = 4.5
"""Seconds; an action shows for five: https://core.telegram.org/bots/api#sendchataction ."""


async def send_voice(
    bot: Bot, message: Message, given: Given, person: Person, speaking: SpeakingService
) -> None:
    """Send an answer as a voice message, to the chat and topic of a message.

    Raises SpeechError, LimitReachedError and TelegramAPIError.
    """
    topic = topic_of(message)
    nursery = Nursery()
    nursery.start(_show_recording(bot, message.chat.id, topic), name="recording")
    try:
        # What is meant to be seen is not meant to be heard: stars, backticks, addresses of links.
        words = "\n\n".join(piece.text for piece in message_pieces(given.text))
        spoken = await speaking.speak(person, words)
    finally:
        await nursery.stop()
    await bot.send_voice(
        message.chat.id,
        BufferedInputFile(spoken, "answer.ogg"),
        message_thread_id=topic,
        reply_parameters=ReplyParameters(message_id=given.message_id, allow_sending_without_reply=True),
    )


async def _show_recording(bot: Bot, chat_id: int, topic: int | None) -> None:
    while True:
        with suppress(TelegramAPIError):
            await bot.send_chat_action(chat_id, ChatAction.RECORD_VOICE, message_thread_id=topic)
        await asyncio.sleep(_ACTION_LASTS)
