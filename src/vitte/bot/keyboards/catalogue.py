"""Buttons of what there is to choose from."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from aiogram.filters.callback_data import CallbackData
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup

from vitte.bot.keyboards.dialogs import CHOSEN
from vitte.bot.texts import Texts
from vitte.catalogue.schemas import Model, Persona

_LOCKED = "🔒"
_MOST = 90
"""Telegram takes a hundred buttons."""
_CENT = Decimal("0.01")


class PersonaButton(CallbackData, prefix="persona"):
    """Chooses a persona."""

    key: str


class ModelButton(CallbackData, prefix="model"):
    """Chooses a model."""

    key: str


def persona_keyboard(personas: Sequence[Persona], *, chosen: str, texts: Texts) -> InlineKeyboardMarkup:
    """Return a button for each persona."""
    return _column(
        (_marked(persona.name(texts.language), persona.key == chosen), PersonaButton(key=persona.key).pack())
        for persona in personas[:_MOST]
    )


def model_keyboard(models: Sequence[Model], *, chosen: str, plan: str) -> InlineKeyboardMarkup:
    """Return a button for each model; one of another plan has a lock."""
    return _column(
        (
            _marked(model.name, model.key == chosen) if model.is_open_to(plan) else f"{_LOCKED} {model.name}",
            ModelButton(key=model.key).pack(),
        )
        for model in models[:_MOST]
    )


def price_hint(model: Model, texts: Texts) -> str | None:
    """Return what the model costs about; None while the owner has set no price."""
    price = model.typical_price
    if not price:
        return None
    # Of what is cheaper than a cent the digits that say something.
    shown = price.quantize(_CENT) if price >= _CENT else price.quantize(Decimal("0.0001")).normalize()
    return texts.get("model-price", price=f"{shown:f}")


def _marked(name: str, is_chosen: bool) -> str:  # noqa: FBT001 - private, and called with a comparison
    return f"{CHOSEN} {name}" if is_chosen else name


def _column(buttons: Iterable[tuple[str, str]]) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup(
        inline_keyboard=[[InlineKeyboardButton(text=text, callback_data=data)] for text, data in buttons]
    )
