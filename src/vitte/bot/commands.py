"""The commands menu."""

import structlog
from aiogram import Bot
from aiogram.exceptions import TelegramAPIError
from aiogram.types import BotCommand, BotCommandScopeChat

from vitte.bot.texts import LANGUAGES, Texts, texts_for

logger = structlog.get_logger(__name__)

COMMANDS = ("start", "help", "new", "dialogs", "persona", "model", "memory", "settings", "status", "stop")


async def publish_commands(bot: Bot) -> None:
    """Tell Telegram the commands, in every language that there are texts for."""
    for language in LANGUAGES:
        await bot.set_my_commands(
            _commands(texts_for(language)),
            # Without a language: for everybody whose language has no list of its own.
            language_code=None if language == LANGUAGES[0] else language,
        )


async def publish_commands_to(bot: Bot, chat_id: int, *, chosen: str | None, of_telegram: str | None) -> None:
    """Tell Telegram the commands for a chat whose person has chosen another language than their Telegram's.

    Everybody else has the list of all. A menu in the wrong language is no reason to do anything again.
    """
    scope = BotCommandScopeChat(chat_id=chat_id)
    try:
        if has_own_menu(chosen, of_telegram):
            await bot.set_my_commands(_commands(texts_for(chosen)), scope=scope)
        else:
            await bot.delete_my_commands(scope=scope)
    except TelegramAPIError as error:
        logger.warning("commands_not_published", chat_id=chat_id, reason=type(error).__name__)


def has_own_menu(chosen: str | None, of_telegram: str | None) -> bool:
    """Tell whether the list of all would speak to this person in another language than they have chosen."""
    return chosen is not None and texts_for(chosen).language != texts_for(of_telegram).language


def _commands(texts: Texts) -> list[BotCommand]:
    return [BotCommand(command=name, description=texts.get(f"command-{name}")) for name in COMMANDS]
