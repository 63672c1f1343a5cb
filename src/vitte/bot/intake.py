"""What becomes of a claimed update: parsed, dispatched, and apologised for if it cannot be helped."""

import structlog
from aiogram import Bot, Dispatcher
from aiogram.enums import ChatType
from aiogram.types import Update

from vitte.bot.texts import texts_for
from vitte.core.json import loads
from vitte.inbox.schemas import ClaimedUpdate, UnreadableUpdateError

logger = structlog.get_logger(__name__)


class UpdateHandler:
    """Feeds claimed updates to the dispatcher."""

    def __init__(self, bot: Bot, dispatcher: Dispatcher) -> None:
        self._bot = bot
        self._dispatcher = dispatcher

    async def handle(self, update: ClaimedUpdate) -> None:
        """Parse and dispatch. Raises UnreadableUpdateError, or what a handler raises."""
        try:
            parsed = Update.model_validate(loads(update.payload), context={"bot": self._bot})
        except ValueError as error:
            raise UnreadableUpdateError(str(error)) from error
        await self._dispatcher.feed_update(self._bot, parsed)

    async def give_up(self, update: ClaimedUpdate) -> None:
        """Tell the person that their message could not be handled, when it is known who that is."""
        content = loads(update.payload)
        pressed = content.get("callback_query") or {}
        message = content.get("message") or content.get("edited_message") or pressed.get("message") or {}
        chat = message.get("chat") or {}
        if chat.get("type") == ChatType.PRIVATE:
            # The message with the button is the bot's own.
            person = (pressed or message).get("from") or {}
            texts = texts_for(person.get("language_code"))
            await self._bot.send_message(chat["id"], texts.get("error-internal"))
