"""/help: what the bot can do."""

from aiogram import Bot, Router
from aiogram.filters import Command
from aiogram.types import Message

from vitte.bot.commands import has_own_menu, publish_commands_to
from vitte.bot.texts import Texts
from vitte.users.schemas import Person


async def tell_help(message: Message, bot: Bot, person: Person, texts: Texts) -> None:
    """List the commands.

    A menu of a chat's own is told to Telegram again: it stems from when the language was chosen, and this
    version may have more commands.
    """
    await message.answer(texts.get("help"))
    chosen = person.settings.language
    of_telegram = message.from_user.language_code if message.from_user else None
    if has_own_menu(chosen, of_telegram):
        await publish_commands_to(bot, message.chat.id, chosen=chosen, of_telegram=of_telegram)


def create_router() -> Router:
    """Make the router of /help."""
    router = Router(name="help")
    router.message.register(tell_help, Command("help"))
    return router
