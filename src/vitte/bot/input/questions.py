"""From a message to a question."""

from aiogram import Bot
from aiogram.types import Message

from vitte.assistant.places import Place
from vitte.assistant.schemas import Question
from vitte.bot.input.albums import AlbumGatherer
from vitte.bot.input.echo import echo
from vitte.bot.input.reading import read, together
from vitte.bot.input.resolving import InputResolver, Resolved
from vitte.bot.texts import Texts


class QuestionReader:
    """Reads messages of every kind that can be asked. Lives as long as its process."""

    def __init__(self, albums: AlbumGatherer, resolver: InputResolver) -> None:
        self._albums = albums
        self._resolver = resolver

    async def question_of(
        self,
        message: Message,
        *,
        bot: Bot,
        user_id: int,
        texts: Texts,
        room: int | None = None,
        place: Place | None = None,
    ) -> Question | None:
        """Return what is asked; None when nothing is, or when an earlier part of an album has asked it.

        The person is told on the way what was heard, and what of their files was not read. `room` is how many
        tokens the words of files may take. Raises VitteError. Pictures are not fetched: the question names
        them.
        """
        if _is_plain(message):
            return Question(text=message.text or "", telegram_message_id=message.message_id)
        parts = [message]
        if message.media_group_id is not None:
            parts = await self._albums.gather(message, bot=bot, user_id=user_id, place=place)
            if not parts:
                return None
        asked = together(parts) if len(parts) > 1 else read(message)
        resolved = await self._resolver.resolve(asked, bot=bot, user_id=user_id, room=room)
        await _tell(message, resolved, texts)
        if resolved.failed and not resolved.text:
            return None
        return Question(
            text=resolved.text,
            telegram_message_id=message.message_id,
            images=asked.images,
            media_group_id=message.media_group_id,
            album=tuple(part.message_id for part in parts) if message.media_group_id is not None else (),
        )


def _is_plain(message: Message) -> bool:
    """Tell whether the message is its text and nothing else."""
    return bool(message.text) and not (
        message.reply_to_message or message.quote or message.external_reply or message.forward_origin
    )


async def _tell(message: Message, resolved: Resolved, texts: Texts) -> None:
    if resolved.transcript is not None:
        await echo(message, resolved.transcript)
    notes = [texts.of_error(error) for error in resolved.failed]
    notes += [texts.get("file-cut", name=name) for name in resolved.cut]
    if notes:
        await message.answer("\n".join(notes), parse_mode=None)
