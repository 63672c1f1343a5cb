"""/help: what the bot can do."""

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import Message

from vitte.bot.texts import Texts


async def tell_help(message: Message, texts: Texts) -> None:
    """List the commands."""
    await message.answer(texts.get("help"))


def create_router() -> Router:
    """Make the router of /help."""
    router = Router(name="help")
    router.message.register(tell_help, Command("help"))
    return router
