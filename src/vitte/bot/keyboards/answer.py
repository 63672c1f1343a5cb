"""The buttons under an answer."""

from typing import Annotated, Literal

from aiogram.filters.callback_data import CallbackData
from aiogram.types import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup
from pydantic import Field

from vitte.bot.texts import Texts
from vitte.inbox.schemas import ASKING, SPEAKING


class TurnButton(CallbackData, prefix=ASKING):
    """Has the answer to the question with this message id made again, or goes on with it.

    The inbox knows by its prefix that it gets an answer, and waits for its turn.
    """

    action: Literal["again", "more"]
    question: Annotated[int, Field(ge=0, lt=2**63)]


class SayButton(CallbackData, prefix=SPEAKING):
    """Has the message above it read aloud."""


def asked_by_button(query: CallbackQuery) -> int | None:
    """Return the question that a button asks, by its message id: the button's own message, or another's."""
    if query.message is None or not (query.data or "").startswith(f"{ASKING}:"):
        return None
    try:
        button = TurnButton.unpack(query.data or "")
    except (TypeError, ValueError):
        return query.message.message_id
    return button.question if button.action == "again" else query.message.message_id


def answer_keyboard(texts: Texts, *, question: int, is_cut: bool, can_speak: bool) -> InlineKeyboardMarkup:
    """Return the buttons: once more; go on, with an answer that broke off; read aloud, where that can be."""
    row = [_button(texts, "again", TurnButton(action="again", question=question))]
    if is_cut:
        row.append(_button(texts, "more", TurnButton(action="more", question=question)))
    if can_speak:
        row.append(_button(texts, "say", SayButton()))
    return InlineKeyboardMarkup(inline_keyboard=[row])


def _button(texts: Texts, name: str, data: CallbackData) -> InlineKeyboardButton:
    return InlineKeyboardButton(text=texts.get(f"button-{name}"), callback_data=data.pack())
