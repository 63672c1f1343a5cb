"""Gathers the parts of an album, which come as messages of their own."""

import asyncio
from collections import OrderedDict

import structlog
from aiogram import Bot
from aiogram.types import Message, Update

from vitte.assistant.albums import AlbumService
from vitte.assistant.places import Place
from vitte.core.json import loads
from vitte.core.settings.input import FilesSettings
from vitte.inbox.service import InboxService

logger = structlog.get_logger(__name__)

_LOOKED_AT = 30
"""Open updates of a chat among which the parts of an album are looked for: it has ten at most."""
_REMEMBERED = 1000


class AlbumGatherer:
    """Finds the parts that belong together. Lives as long as its process.

    Parts are handled one after the other, as all updates of a chat. The first waits a moment and takes the
    others from the inbox, where they stay open; when their turn comes, the question that was stored with the
    first says that they are answered. Albums that led to no question, because nothing could be read of them,
    are remembered by this process alone: another one may say the same once more.
    """

    def __init__(self, inbox: InboxService, albums: AlbumService, settings: FilesSettings) -> None:
        self._inbox = inbox
        self._albums = albums
        self._wait = settings.album_wait
        self._taken: OrderedDict[tuple[int, str], set[int]] = OrderedDict()

    async def gather(
        self, message: Message, *, bot: Bot, user_id: int, place: Place | None = None
    ) -> list[Message]:
        """Return the message with what belongs to it, in order; nothing if it belongs to an earlier one.

        Of an album only: whoever asks has looked at `media_group_id`.
        """
        group = str(message.media_group_id)
        taken = self._taken.get((message.chat.id, group), set())
        if message.message_id in taken:
            return []
        if await self._albums.is_answered(user_id, group, message.message_id, place=place):
            return []
        await asyncio.sleep(self._wait)
        payloads = await self._inbox.waiting(bot.id, message.chat.id, limit=_LOOKED_AT)
        found = [part for part in (_part(text, bot, group) for text in payloads) if part is not None]
        others = sorted(
            (part for part in found if part.message_id > message.message_id), key=lambda part: part.message_id
        )
        self._remember(message.chat.id, group, {part.message_id for part in others})
        logger.info("album_gathered", parts=1 + len(others))
        return [message, *others]

    def _remember(self, chat_id: int, group: str, taken: set[int]) -> None:
        self._taken[chat_id, group] = taken
        if len(self._taken) > _REMEMBERED:
            self._taken.popitem(last=False)


def _part(payload: str, bot: Bot, group: str) -> Message | None:
    """Return the message of a stored update, if it is a part of the album."""
    content = loads(payload)
    if (content.get("message") or {}).get("media_group_id") != group:
        return None
    try:
        return Update.model_validate(content, context={"bot": bot}).message
    except ValueError:
        # It will be given up for itself when its turn comes.
        return None
