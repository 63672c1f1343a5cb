"""/new: the next question begins a dialog of its own."""

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import Message
from dishka.integrations.aiogram import FromDishka

from vitte.bot.places import place_of
from vitte.bot.texts import Texts
from vitte.catalogue.schemas import Persona
from vitte.catalogue.service import CatalogueService
from vitte.dialogs.service import DialogService
from vitte.users.schemas import Person


async def begin_new(
    message: Message,
    person: Person,
    texts: Texts,
    catalogue: FromDishka[CatalogueService],
    dialogs: FromDishka[DialogService],
) -> None:
    """Begin a dialog with the person's persona, which says so; in a group or a topic that of the place.

    While nothing was said in it, the current one stays.
    """
    persona = await catalogue.persona(person.settings.persona)
    if (place := place_of(message)) is not None:
        await dialogs.end(place.chat_id, place.topic_id)
    else:
        await dialogs.begin_new(person.id, persona.key)
    await message.answer(opening_of(persona, texts))


def opening_of(persona: Persona, texts: Texts) -> str:
    """Return the words that a persona begins a dialog with."""
    begun = texts.get("dialog-begun", persona=persona.name(texts.language))
    greeting = persona.greeting(texts.language)
    return f"{begun}\n\n{greeting}" if greeting else begun


def create_router() -> Router:
    """Make the router of /new."""
    router = Router(name="new")
    router.message.register(begin_new, Command("new"))
    return router
