"""The commands menu."""

from aiogram import Bot
from aiogram.types import BotCommand

from vitte.bot.texts import LANGUAGES, texts_for

COMMANDS = ("start", "help", "status", "memory", "stop")


async def publish_commands(bot: Bot) -> None:
    """Tell Telegram the commands, in every language that there are texts for."""
    for language in LANGUAGES:
        texts = texts_for(language)
        await bot.set_my_commands(
            [BotCommand(command=name, description=texts.get(f"command-{name}")) for name in COMMANDS],
            # Without a language: for everybody whose language has no list of its own.
            language_code=None if language == LANGUAGES[0] else language,
        )
