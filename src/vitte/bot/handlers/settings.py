"""/settings: language, memory and voice, all in one message."""

from dataclasses import replace

from aiogram import Bot, Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, Message
from dishka.integrations.aiogram import FromDishka

from vitte.bot.commands import publish_commands_to
from vitte.bot.keyboards.settings import ON, Setting, SettingButton, settings_keyboard
from vitte.bot.menus import answer, chat_of, show
from vitte.bot.texts import LANGUAGES, Texts, texts_for
from vitte.catalogue.service import CatalogueService
from vitte.core.settings import Settings
from vitte.memory.book import MemoryBook
from vitte.users.schemas import Person
from vitte.users.service import UserService


async def tell_settings(
    message: Message,
    person: Person,
    texts: Texts,
    settings: FromDishka[Settings],
    catalogue: FromDishka[CatalogueService],
) -> None:
    """Send what the person has chosen, with buttons to change it."""
    keyboard = settings_keyboard(person.settings, texts, with_voice=offers_voice(settings))
    await message.answer(await _text_of(person, texts, catalogue), reply_markup=keyboard)


async def change_setting(  # noqa: PLR0913, PLR0917 - aiogram and dishka give each by name
    query: CallbackQuery,
    callback_data: SettingButton,
    bot: Bot,
    person: Person,
    texts: Texts,
    settings: FromDishka[Settings],
    catalogue: FromDishka[CatalogueService],
    users: FromDishka[UserService],
    memory: FromDishka[MemoryBook],
) -> None:
    """Change one thing and show it in the same message, in the language of now."""
    chosen, value = person.settings, callback_data.value
    match callback_data.setting:
        case Setting.LANGUAGE:
            language = value if value in LANGUAGES else None
            await users.choose_language(person, language)
            texts = texts_for(language or query.from_user.language_code)
            chosen = replace(chosen, language=language)
        case Setting.MEMORY:
            chosen = replace(chosen, remembers=value == ON)
            await memory.switch(person.id, on=chosen.remembers)
        case Setting.VOICE:
            chosen = replace(chosen, speaks=value == ON and offers_voice(settings))
            await users.choose_voice(person, speaks=chosen.speaks)
    await answer(query, texts.get("setting-changed"))
    keyboard = settings_keyboard(chosen, texts, with_voice=offers_voice(settings))
    await show(query, bot, await _text_of(person, texts, catalogue), keyboard)
    if callback_data.setting is Setting.LANGUAGE:
        of_telegram = query.from_user.language_code
        await publish_commands_to(bot, chat_of(query), chosen=chosen.language, of_telegram=of_telegram)


def offers_voice(settings: Settings) -> bool:
    """Tell whether a model that speaks is set."""
    return bool(settings.speech.voice_model)


async def _text_of(person: Person, texts: Texts, catalogue: CatalogueService) -> str:
    persona = await catalogue.persona(person.settings.persona)
    model = await catalogue.model(person.settings.model, plan=person.plan)
    return texts.get("settings", persona=persona.name(texts.language), model=model.name)


def create_router() -> Router:
    """Make the router of /settings."""
    router = Router(name="settings")
    router.message.register(tell_settings, Command("settings"))
    router.callback_query.register(change_setting, SettingButton.filter())
    return router
