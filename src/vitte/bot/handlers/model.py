"""/model: which language model answers."""

from collections.abc import Sequence

from aiogram import Bot, Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, Message
from dishka.integrations.aiogram import FromDishka

from vitte.bot.keyboards.catalogue import ModelButton, model_keyboard, price_hint
from vitte.bot.menus import answer, show
from vitte.bot.texts import Texts
from vitte.catalogue.schemas import Model
from vitte.catalogue.service import CatalogueService
from vitte.users.schemas import Person
from vitte.users.service import UserService


async def list_models(
    message: Message, person: Person, texts: Texts, catalogue: FromDishka[CatalogueService]
) -> None:
    """Send the models with what they cost, the present one marked."""
    models = await catalogue.models()
    chosen = await catalogue.model(person.settings.model, plan=person.plan)
    keyboard = model_keyboard(models, chosen=chosen.key, plan=person.plan)
    await message.answer(_text_of(models, person, texts), reply_markup=keyboard)


async def choose_model(
    query: CallbackQuery,
    callback_data: ModelButton,
    bot: Bot,
    person: Person,
    texts: Texts,
    catalogue: FromDishka[CatalogueService],
    users: FromDishka[UserService],
) -> None:
    """Let this model answer from the next question on, if the person's plan has it."""
    models = await catalogue.models()
    model = next((one for one in models if one.key == callback_data.key), None)
    if model is None:
        await answer(query, texts.get("model-gone"), alert=True)
    elif not model.is_open_to(person.plan):
        await answer(query, texts.get("model-locked", model=model.name), alert=True)
    else:
        await users.choose_model(person, model.key)
        await answer(query, texts.get("model-chosen", model=model.name))
    chosen = await catalogue.model(callback_data.key, plan=person.plan)
    if model is None or chosen.key != model.key:
        chosen = await catalogue.model(person.settings.model, plan=person.plan)
    keyboard = model_keyboard(models, chosen=chosen.key, plan=person.plan)
    await show(query, bot, _text_of(models, person, texts), keyboard)


def _text_of(models: Sequence[Model], person: Person, texts: Texts) -> str:
    hints = [(model.name, price_hint(model, texts)) for model in models]
    lines = [f"{name} — {hint}" for name, hint in hints if hint]
    parts = [texts.get("models"), "\n".join(lines)]
    if any(not model.is_open_to(person.plan) for model in models):
        parts.append(texts.get("models-locked"))
    return "\n\n".join(part for part in parts if part)


def create_router() -> Router:
    """Make the router of /model."""
    router = Router(name="model")
    router.message.register(list_models, Command("model"))
    router.callback_query.register(choose_model, ModelButton.filter())
    return router
