"""Tells the person what was made of what they sent, before the answer comes."""

from aiogram.enums import MessageEntityType
from aiogram.types import Message, MessageEntity

from vitte.bot.splitting import MAX_MESSAGE, head, utf16_length

_LONG = 300
"""Characters beyond which a quote is shown folded."""


async def echo(message: Message, transcript: str) -> None:
    """Quote what was heard, so that the person sees at once what is being answered."""
    text = head(f"🎙 {' '.join(transcript.split())}", MAX_MESSAGE)
    kind = MessageEntityType.EXPANDABLE_BLOCKQUOTE if len(text) > _LONG else MessageEntityType.BLOCKQUOTE
    quote = MessageEntity(type=kind, offset=0, length=utf16_length(text))
    await message.answer(text, entities=[quote], parse_mode=None)
