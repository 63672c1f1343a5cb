"""An answer that grows in the chat while it is made."""

import asyncio
from contextlib import suppress
from types import TracebackType
from typing import Self

import structlog
from aiogram import Bot
from aiogram.enums import ChatAction
from aiogram.exceptions import TelegramAPIError

from vitte.assistant.running import AnswerStoppedError
from vitte.bot.metrics import DRAFTS
from vitte.bot.splitting import MAX_MESSAGE, split, tail
from vitte.bot.texts import Texts
from vitte.clients.telegram.gateway import DraftDroppedError
from vitte.core.errors import VitteError
from vitte.core.nursery import Nursery

logger = structlog.get_logger(__name__)

_MAX_DRAFT_FAILURES = 3
_TYPING_LASTS = 4.5
"""Seconds; an action shows for five: https://core.telegram.org/bots/api#sendchataction ."""


class TelegramReply:
    """Shows an answer as a draft, at most one every `draft_interval` seconds, and then sends it.

    Drafts are a courtesy: they are dropped when newer text is there, and given up after a few failures.
    The final message is neither.
    """

    def __init__(
        self,
        bot: Bot,
        *,
        chat_id: int,
        texts: Texts,
        draft_id: int,
        draft_interval: float,
        with_drafts: bool = True,
    ) -> None:
        self._bot = bot
        self._chat_id = chat_id
        self._texts = texts
        self._draft_id = draft_id
        self._interval = draft_interval
        self._with_drafts = with_drafts
        self._newest = ""
        self._changed = asyncio.Event()
        self._nursery = Nursery()

    async def __aenter__(self) -> Self:
        if self._with_drafts:
            self._nursery.start(self._show_drafts(), name="drafts")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._nursery.stop()

    def draft(self, text: str) -> None:
        """Show the answer so far, soon."""
        self._newest = text
        if text:
            self._changed.set()

    async def send(self, text: str, *, cut_by: VitteError | None) -> int:
        """Send the answer in as many messages as it needs and return the last one's id.

        Raises TelegramAPIError when Telegram refuses it, or stays away for all tries.
        """
        # A draft that arrives after the message would stand below it for half a minute.
        await self._nursery.stop()
        if cut_by is not None:
            text = f"{text.rstrip()}\n\n{self._notice(cut_by)}"
        message_id = 0
        for piece in split(text):
            message_id = (await self._bot.send_message(self._chat_id, piece)).message_id
        return message_id

    def _notice(self, cut_by: VitteError) -> str:
        reason = self._texts.of_error(cut_by)
        if isinstance(cut_by, AnswerStoppedError):
            return reason
        return self._texts.get("notice-cut", reason=reason)

    async def _show_typing(self) -> None:
        """Tell that an answer is under way, until there is something of it to show.

        A draft without text would say so too, but would use up the second in which the first words can come.
        """
        while not self._newest:
            self._changed.clear()
            try:
                await self._bot.send_chat_action(self._chat_id, ChatAction.TYPING)
            except TelegramAPIError as error:
                logger.info("typing_failed", reason=str(error))
            with suppress(TimeoutError):
                async with asyncio.timeout(_TYPING_LASTS):
                    await self._changed.wait()
        self._changed.set()

    async def _show_drafts(self) -> None:
        await self._show_typing()
        failures = 0
        while failures < _MAX_DRAFT_FAILURES:
            await self._changed.wait()
            self._changed.clear()
            wait = self._interval
            try:
                await self._bot.send_message_draft(
                    # The newest words are what a person wants to see grow.
                    chat_id=self._chat_id,
                    draft_id=self._draft_id,
                    text=tail(self._newest, MAX_MESSAGE),
                    can_stop=True,
                    # What was written stays in sight until the final message takes its place.
                    keep_on_stop=True,
                )
                failures = 0
                DRAFTS.labels(outcome="shown").inc()
            except DraftDroppedError as error:
                wait = max(wait, error.retry_after)
                # What was not shown is still to be shown, or newer text in its place.
                self._changed.set()
                DRAFTS.labels(outcome="put_off").inc()
            except TelegramAPIError as error:
                failures += 1
                DRAFTS.labels(outcome="failed").inc()
                logger.info("draft_failed", reason=str(error))
            await asyncio.sleep(wait)
