"""What of a group is for the bot."""

from collections import OrderedDict
from typing import Any

import structlog
from aiogram import BaseMiddleware, Bot
from aiogram.enums import ChatType
from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup, Message, TelegramObject, User
from dishka.integrations.aiogram import CONTAINER_NAME

from vitte.bot.addressing import PERSONAL, addressed_message, command_of
from vitte.bot.middlewares.person import Handler
from vitte.bot.texts import Texts, texts_for
from vitte.core.settings.outside import AssistantSettings

logger = structlog.get_logger(__name__)

_GROUPS = (ChatType.GROUP, ChatType.SUPERGROUP)
_MOST_REMEMBERED = 10_000


class GroupMiddleware(BaseMiddleware):
    """Lets of a group through what is meant for the bot, as it would be said in a private chat.

    It stands before everything that asks a database: most of what is said in groups is said to others, and
    nobody is to be known to the bot for that. What channels, anonymous admins and bots say has no person to
    answer.
    """

    def __init__(self) -> None:
        self._told: OrderedDict[int, None] = OrderedDict()

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        """Go on with what is for the bot."""
        if not isinstance(event, Message) or event.chat.type not in _GROUPS:
            return await handler(event, data)
        sender, bot = event.from_user, data["bot"]
        if sender is None or sender.is_bot or event.sender_chat is not None:
            return None
        addressed = addressed_message(event, await bot.me())
        if addressed is None:
            return None
        try:
            return await self._go_on(handler, addressed, data, sender=sender)
        except TelegramForbiddenError:
            # It was put out of the group meanwhile.
            return None
        except TelegramBadRequest as error:
            if "rights" not in error.message:
                raise
            # It may read there and not write, and another try would not change that.
            logger.info("group_answer_refused", chat_id=event.chat.id, reason=error.message)
            return None

    async def _go_on(self, handler: Handler, message: Message, data: dict[str, Any], *, sender: User) -> Any:
        settings = await data[CONTAINER_NAME].get(AssistantSettings)
        texts, command = texts_for(sender.language_code), command_of(message)
        if not settings.groups:
            if self._is_new(message.chat.id):
                await _send_away(message, data["bot"], texts, "group-forbidden")
        elif command is not None and command.name in PERSONAL:
            await _send_away(message, data["bot"], texts, "group-personal")
        elif command is not None and command.name == "start":
            await message.reply(texts.get("group-hello", bot=(await data["bot"].me()).username))
        elif message.text == "":
            await message.reply(texts.get("group-nothing-asked"))
        else:
            return await handler(message, data)
        return None

    def _is_new(self, chat_id: int) -> bool:
        """Tell whether this process has not told this group yet."""
        if chat_id in self._told:
            return False
        self._told[chat_id] = None
        if len(self._told) > _MOST_REMEMBERED:
            self._told.popitem(last=False)
        return True


async def _send_away(message: Message, bot: Bot, texts: Texts, key: str) -> None:
    """Ask to go on in private, with a button that leads there."""
    url = f"https://t.me/{(await bot.me()).username}"
    button = InlineKeyboardButton(text=texts.get("group-write-privately"), url=url)
    await message.reply(texts.get(key), reply_markup=InlineKeyboardMarkup(inline_keyboard=[[button]]))
