"""Buttons of a person's settings."""

from enum import StrEnum

from aiogram.filters.callback_data import CallbackData
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup

from vitte.bot.keyboards.dialogs import CHOSEN
from vitte.bot.texts import Texts
from vitte.users.schemas import PersonSettings

AS_TELEGRAM = "auto"
ON, OFF = "on", "off"
_LANGUAGES = {"ru": "Русский", "en": "English"}
"""In their own words: whoever looks for one may not read the other."""


class Setting(StrEnum):
    """What a button sets; the values are in messages that people have, and stay what they are."""

    LANGUAGE = "language"
    MEMORY = "memory"
    VOICE = "voice"


class SettingButton(CallbackData, prefix="set"):
    """Sets something to a value, so that pressing it twice is pressing it once."""

    setting: Setting
    value: str


def settings_keyboard(
    settings: PersonSettings, texts: Texts, *, with_voice: bool = False
) -> InlineKeyboardMarkup:
    """Return the languages, and a button for each thing that can be on or off."""
    languages = [
        _button(_marked(name, settings.language == code), Setting.LANGUAGE, code)
        for code, name in _LANGUAGES.items()
    ]
    as_telegram = _marked(texts.get("language-as-telegram"), settings.language is None)
    rows = [
        languages,
        [_button(as_telegram, Setting.LANGUAGE, AS_TELEGRAM)],
        [_switch(texts.get("setting-memory"), Setting.MEMORY, texts, is_on=settings.remembers)],
    ]
    if with_voice:
        rows.append([_switch(texts.get("setting-voice"), Setting.VOICE, texts, is_on=settings.speaks)])
    return InlineKeyboardMarkup(inline_keyboard=rows)


def _switch(name: str, setting: Setting, texts: Texts, *, is_on: bool) -> InlineKeyboardButton:
    state = texts.get("setting-on") if is_on else texts.get("setting-off")
    return _button(f"{name}: {state}", setting, OFF if is_on else ON)


def _marked(name: str, is_chosen: bool) -> str:  # noqa: FBT001 - private, and called with a comparison
    return f"{CHOSEN} {name}" if is_chosen else name


def _button(text: str, setting: Setting, value: str) -> InlineKeyboardButton:
    data = SettingButton(setting=setting, value=value)
    return InlineKeyboardButton(text=text, callback_data=data.pack())
