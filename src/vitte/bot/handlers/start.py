"""/start: the greeting."""

from aiogram import Router
from aiogram.filters import CommandStart
from aiogram.types import Message

from vitte.bot.texts import Texts
from vitte.users.schemas import Person


async def greet(message: Message, person: Person, texts: Texts) -> None:
    """Greet a person by name; they have been registered on the way here."""
    await message.answer(texts.get("greeting", name=person.first_name))


def create_router() -> Router:
    """Make the router of /start."""
    router = Router(name="start")
    router.message.register(greet, CommandStart())
    return router
