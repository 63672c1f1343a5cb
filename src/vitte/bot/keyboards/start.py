"""Buttons that ask a question for those who do not know yet what to ask."""

from functools import cache

from aiogram.filters.callback_data import CallbackData
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup

from vitte.bot.texts import Texts
from vitte.inbox.schemas import ASKING

EXAMPLES = {"explain": "example-explain", "write": "example-write", "advise": "example-advise"}
"""The text of each question by the key that its button has."""


class ExampleButton(CallbackData, prefix=ASKING):
    """Asks an example; the inbox knows by its prefix that it gets an answer, and waits for its turn."""

    key: str


def example_question(key: str, texts: Texts) -> str | None:
    """Return the question behind a button; None for one that there is no more."""
    text = EXAMPLES.get(key)
    return None if text is None else texts.get(text)


@cache
def example_keyboard(texts: Texts) -> InlineKeyboardMarkup:
    """Return a button for each example, which says the whole question."""
    return InlineKeyboardMarkup(
        inline_keyboard=[
            [InlineKeyboardButton(text=texts.get(text), callback_data=ExampleButton(key=key).pack())]
            for key, text in EXAMPLES.items()
        ]
    )
