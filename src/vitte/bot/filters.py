"""Filters. Asynchronous ones: aiogram runs every other kind in a thread."""

from aiogram.enums import MessageEntityType
from aiogram.filters import Filter
from aiogram.types import Message


class IsText(Filter):
    """A message of text that is more than white space."""

    async def __call__(self, message: Message) -> bool:
        """Tell whether the message has text."""
        return bool(message.text and message.text.strip())


class IsCommand(Filter):
    """A message that begins with a command."""

    async def __call__(self, message: Message) -> bool:
        """Tell whether Telegram saw a command at the start of the text."""
        return any(
            entity.type == MessageEntityType.BOT_COMMAND and entity.offset == 0
            for entity in message.entities or ()
        )
