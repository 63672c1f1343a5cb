"""/persona: who answers."""

from collections.abc import Sequence

from aiogram import Bot, Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, Message
from dishka.integrations.aiogram import FromDishka

from vitte.bot.handlers.new import opening_of
from vitte.bot.keyboards.catalogue import PersonaButton, persona_keyboard
from vitte.bot.menus import answer, say, show
from vitte.bot.places import place_pressed_in
from vitte.bot.texts import Texts
from vitte.catalogue.schemas import Persona
from vitte.catalogue.service import CatalogueService
from vitte.dialogs.service import DialogService
from vitte.users.schemas import Person
from vitte.users.service import UserService


async def list_personas(
    message: Message, person: Person, texts: Texts, catalogue: FromDishka[CatalogueService]
) -> None:
    """Send the personas, the present one marked."""
    chosen = await catalogue.persona(person.settings.persona)
    keyboard = persona_keyboard(await catalogue.personas(), chosen=chosen.key, texts=texts)
    await message.answer(texts.get("personas"), reply_markup=keyboard)


async def choose_persona(
    query: CallbackQuery,
    callback_data: PersonaButton,
    bot: Bot,
    person: Person,
    texts: Texts,
    catalogue: FromDishka[CatalogueService],
    dialogs: FromDishka[DialogService],
    users: FromDishka[UserService],
) -> None:
    """Begin a dialog with this persona, and every later one."""
    personas = await catalogue.personas()
    persona = next((one for one in personas if one.key == callback_data.key), None)
    if persona is None:
        await answer(query, texts.get("persona-gone"), alert=True)
        present = await catalogue.persona(person.settings.persona)
        await _show(query, bot, personas, present, texts)
        return
    # Who presses twice is greeted once.
    if (place := place_pressed_in(query)) is not None:
        is_new = person.settings.persona != persona.key
        await users.choose_persona(person, persona.key)
        await dialogs.end(place.chat_id, place.topic_id)
    else:
        before = await dialogs.current(person.id)
        await users.choose_persona(person, persona.key)
        begun = await dialogs.begin_new(person.id, persona.key)
        is_new = before is None or (before.id, before.persona) != (begun, persona.key)
    await answer(query, texts.get("persona-chosen", persona=persona.name(texts.language)))
    await _show(query, bot, personas, persona, texts)
    if is_new:
        await say(query, bot, opening_of(persona, texts))


async def _show(
    query: CallbackQuery, bot: Bot, personas: Sequence[Persona], chosen: Persona, texts: Texts
) -> None:
    keyboard = persona_keyboard(personas, chosen=chosen.key, texts=texts)
    await show(query, bot, texts.get("personas"), keyboard)


def create_router() -> Router:
    """Make the router of /persona."""
    router = Router(name="persona")
    router.message.register(list_personas, Command("persona"))
    router.callback_query.register(choose_persona, PersonaButton.filter())
    return router
