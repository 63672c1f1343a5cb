"""An answer that grows in the chat while it is made."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

import structlog
from aiogram import Bot
from aiogram.exceptions import TelegramAPIError, TelegramBadRequest, TelegramForbiddenError
from aiogram.types import InlineKeyboardMarkup

from vitte.assistant.running import AnswerStoppedError
from vitte.assistant.schemas import ImageRef
from vitte.assistant.tools.schemas import ToolNote
from vitte.bot.delivery import Delivery
from vitte.bot.formatting import Piece, draft_piece, message_pieces
from vitte.bot.metrics import DRAFTS
from vitte.bot.previews import DraftPreview, EditedPreview, Preview, PreviewLostError
from vitte.bot.texts import Texts
from vitte.clients.llm.protocol import Image
from vitte.clients.telegram.gateway import DraftDroppedError
from vitte.core.errors import VitteError
from vitte.core.nursery import Nursery

logger = structlog.get_logger(__name__)

_MAX_FAILURES = 3
"""Failures in a row after which a way to show the growing answer is given up."""
_TYPING_LASTS = 4.5
"""Seconds; an action shows for five: https://core.telegram.org/bots/api#sendchataction ."""
_RENEW_AFTER = 15.0
"""Seconds; a draft shows for 30: https://core.telegram.org/bots/api#sendmessagedraft ."""
_NEXT_WORDS_WITHIN = 0.1
"""Seconds that a draft whose time has come waits for the words that come next."""

Keyboard = Callable[[VitteError | None], InlineKeyboardMarkup | None]
"""Makes the buttons under an answer, knowing why it ends before its end, if it does."""
LoadImages = Callable[[Sequence[ImageRef]], Awaitable[Mapping[str, Image]]]


class TelegramReply:
    """Shows an answer as it grows, at most once every `draft_interval` seconds, and then sends it.

    It grows in a draft, or in a message that is edited where there are none or they fail. Either is a
    courtesy: it is dropped when newer text is there, and given up after a few failures. The final message is
    neither. `keyboard` stands under its last piece; its first one replies to `reply_to_message_id`.
    """

    def __init__(  # noqa: PLR0913 - what callers choose, by name
        self,
        bot: Bot,
        *,
        chat_id: int,
        texts: Texts,
        draft_id: int,
        draft_interval: float,
        with_drafts: bool = True,
        message_thread_id: int | None = None,
        reply_to_message_id: int | None = None,
        keyboard: Keyboard | None = None,
        load_images: LoadImages | None = None,
    ) -> None:
        self._delivery = Delivery(
            bot,
            chat_id=chat_id,
            message_thread_id=message_thread_id,
            reply_to_message_id=reply_to_message_id,
        )
        self._texts = texts
        self._interval = draft_interval
        self._keyboard = keyboard
        self._load_images = load_images
        self._edited = EditedPreview(self._delivery)
        self._draft = DraftPreview(self._delivery, draft_id=draft_id) if with_drafts else None
        self._newest = ""
        self._status = ""
        self._changed = asyncio.Event()
        self._nursery = Nursery()

    async def __aenter__(self) -> Self:
        self._nursery.start(self._show_growing(), name="previews")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._nursery.stop()
        left = await self._edited.end()
        if left is not None and isinstance(error, Exception):
            # There will be no answer: what was to become it would stand there for ever.
            with suppress(TelegramAPIError):
                await self._delivery.delete(left)

    async def load_images(self, images: Sequence[ImageRef]) -> Mapping[str, Image]:
        """Return pictures by their file ids, as far as Telegram still has them. Raises VitteError."""
        return {} if self._load_images is None else await self._load_images(images)

    def draft(self, text: str) -> None:
        """Show the answer so far, soon."""
        self._newest, self._status = text, ""
        if text:
            self._changed.set()

    def status(self, note: ToolNote) -> None:
        """Show below the answer so far what is being done, soon and until the answer goes on."""
        self._status = self._texts.get(note.text_key, **note.params)
        self._changed.set()

    async def send(self, text: str, *, cut_by: VitteError | None) -> int:
        """Send the answer in as many messages as it needs and return the last one's id.

        Raises TelegramAPIError when Telegram refuses it, or stays away for all tries.
        """
        # A draft that arrives after the message would stand below it for half a minute.
        await self._nursery.stop()
        shown_in = await self._edited.end()
        first, *others = message_pieces(text, notice=self._notice(cut_by) if cut_by is not None else "")
        keyboard = self._keyboard(cut_by) if self._keyboard is not None else None
        message_id = await self._send_first(first, shown_in, keyboard=None if others else keyboard)
        for number, piece in enumerate(others, start=1):
            message_id = await self._delivery.send(
                piece, is_first=False, keyboard=keyboard if number == len(others) else None
            )
        return message_id

    async def _send_first(
        self, piece: Piece, shown_in: int | None, *, keyboard: InlineKeyboardMarkup | None
    ) -> int:
        # What it is shown in is the answer from now on, whatever comes of sending the rest.
        self._edited.message_id = None
        if shown_in is not None:
            try:
                await self._delivery.edit(shown_in, piece, keyboard=keyboard)
            except TelegramBadRequest as error:
                # Deleted, for one: the answer is still to be read.
                logger.info("answer_not_edited", reason=error.message)
            else:
                return shown_in
        return await self._delivery.send(piece, keyboard=keyboard)

    def _notice(self, cut_by: VitteError) -> str:
        reason = self._texts.of_error(cut_by)
        if isinstance(cut_by, AnswerStoppedError):
            return reason
        return self._texts.get("notice-cut", reason=reason)

    async def _show_typing(self) -> None:
        """Tell that an answer is under way, until there is something of it to show.

        A draft without text would say so too, but would use up the second in which the first words can come.
        """
        while not (self._newest or self._status):
            self._changed.clear()
            try:
                await self._delivery.typing()
            except TelegramAPIError as error:
                logger.info("typing_failed", reason=str(error))
            with suppress(TimeoutError):
                async with asyncio.timeout(_TYPING_LASTS):
                    await self._changed.wait()
        self._changed.set()

    async def _show_growing(self) -> None:
        await self._show_typing()
        if self._draft is None or not await self._show_in(self._draft):
            await self._show_in(self._edited)

    async def _show_in(self, preview: Preview) -> bool:
        """Show what changes until it fails too often. Returns false then, if it may be tried otherwise."""
        failures, shown = 0, ""
        while failures < _MAX_FAILURES:
            renewed = await self._wait_for_change(renew=preview is self._draft)
            # Made only now: most of what comes in between is never shown.
            piece = draft_piece(self._newest, status=self._status)
            if piece is None or (piece.text == shown and not renewed):
                continue
            wait = self._interval
            try:
                await preview.show(piece)
                failures, shown = 0, piece.text
                DRAFTS.labels(outcome=preview.outcome).inc()
            except DraftDroppedError as error:
                wait = max(wait, error.retry_after)
                # What was not shown is still to be shown, or newer text in its place.
                self._changed.set()
                DRAFTS.labels(outcome="put_off").inc()
            except (PreviewLostError, TelegramForbiddenError) as error:
                logger.info("preview_given_up", reason=str(error))
                DRAFTS.labels(outcome="failed").inc()
                return True
            except TelegramAPIError as error:
                failures += 1
                self._changed.set()
                DRAFTS.labels(outcome="failed").inc()
                logger.info("draft_failed", reason=str(error))
            await asyncio.sleep(wait)
            await self._wait_for_next_words()
        return False

    async def _wait_for_next_words(self) -> None:
        """Let a draft go out right behind what comes in next, instead of with what came in just before.

        Words come in at one beat for all answers, so that what is shown of many goes out together; and an
        answer whose end comes in next is sent instead of shown once more.
        """
        if not self._changed.is_set():
            return
        self._changed.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(_NEXT_WORDS_WITHIN):
                await self._changed.wait()
        self._changed.set()

    async def _wait_for_change(self, *, renew: bool) -> bool:
        """Return once there is something to show; true if it is what was shown, about to vanish."""
        try:
            async with asyncio.timeout(_RENEW_AFTER if renew else None):
                await self._changed.wait()
        except TimeoutError:
            return True
        self._changed.clear()
        return False
