"""Filters. Asynchronous ones: aiogram runs every other kind in a thread."""

from aiogram.enums import MessageEntityType
from aiogram.filters import Filter
from aiogram.types import Message

from vitte.bot.input.reading import is_question


class IsCommand(Filter):
    """A message that begins with a command."""

    async def __call__(self, message: Message) -> bool:
        """Tell whether Telegram saw a command at the start of the text."""
        return any(
            entity.type == MessageEntityType.BOT_COMMAND and entity.offset == 0
            for entity in message.entities or ()
        )


class IsQuestion(Filter):
    """A message for the assistant: whatever it can be asked, and no command."""

    async def __call__(self, message: Message) -> bool:
        """Tell whether the message can be read, and begins with no command."""
        return is_question(message) and not await IsCommand()(message)


class SaysOrShows(Filter):
    """A message whose words or photo its person can change.

    Not a place that is shared live, which is told of as edited wherever its person goes, and no recording, of
    which nothing but its caption can change.
    """

    async def __call__(self, message: Message) -> bool:
        """Tell whether it is one."""
        is_recording = bool(message.voice or message.audio or message.video_note)
        return bool(message.text or message.photo or (message.caption and not is_recording))
