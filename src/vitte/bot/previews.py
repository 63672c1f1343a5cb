"""Where an answer is seen while it grows: in a draft, or in a message that is edited."""

import asyncio
from typing import Protocol

from aiogram.exceptions import TelegramAPIError, TelegramBadRequest

from vitte.bot.delivery import Delivery
from vitte.bot.formatting import Piece
from vitte.clients.telegram.gateway import DraftDroppedError
from vitte.clients.telegram.lanes import Lane, in_lane
from vitte.core.nursery import Nursery

_PATIENCE = 5.0
"""Seconds that the end of an answer waits for what is just being shown of it."""


class PreviewLostError(Exception):
    """Nobody knows whether the message that shows the answer is there: there is nothing to edit."""


class Preview(Protocol):
    """Shows an answer so far. Raises DraftDroppedError, PreviewLostError or TelegramAPIError."""

    outcome: str
    """What showing something counts as."""

    async def show(self, piece: Piece) -> None:
        """Show this in place of what was shown before."""
        ...


class DraftPreview:
    """A draft, which private chats have, and which ends by itself when it is not renewed."""

    outcome = "shown"

    def __init__(self, delivery: Delivery, *, draft_id: int) -> None:
        self._delivery = delivery
        self._draft_id = draft_id

    async def show(self, piece: Piece) -> None:
        """Show this in place of what was shown before."""
        await self._delivery.draft(self._draft_id, piece)


class EditedPreview:
    """A message that is sent when there is something to see, and then edited.

    A call that is under way is never given up: nobody would know what is in the chat then.
    """

    outcome = "edited"

    def __init__(self, delivery: Delivery) -> None:
        self._delivery = delivery
        self._nursery = Nursery()
        self._call: asyncio.Task[Exception | None] | None = None
        self.message_id: int | None = None

    async def show(self, piece: Piece) -> None:
        """Show this in place of what was shown before."""
        self._call = self._nursery.start(self._put(piece), name="preview")
        if (error := await asyncio.shield(self._call)) is not None:
            raise error

    async def end(self) -> int | None:
        """Wait for what is under way and return the message that shows the answer, if there is one."""
        if self._call is not None:
            await asyncio.wait({self._call}, timeout=_PATIENCE)
        await self._nursery.stop()
        return self.message_id

    async def _put(self, piece: Piece) -> Exception | None:
        """Return what went wrong: who waited for it may have gone."""
        try:
            with in_lane(Lane.PREVIEW):
                if self.message_id is None:
                    self.message_id = await self._delivery.send(piece)
                else:
                    await self._delivery.edit(self.message_id, piece)
        except (DraftDroppedError, TelegramBadRequest) as error:
            return error
        except TelegramAPIError as error:
            if self.message_id is None:
                # It may have come to the chat all the same, and a second one would stand below it.
                return PreviewLostError(str(error))
            return error
        return None
