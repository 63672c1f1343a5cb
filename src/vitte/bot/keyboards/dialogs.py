"""Buttons of a person's dialogs."""

from enum import StrEnum
from typing import Annotated

from aiogram.filters.callback_data import CallbackData
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup
from pydantic import Field

from vitte.bot.texts import Texts
from vitte.dialogs.schemas import DialogEntry, DialogPage

CHOSEN = "✅"
_HIGHEST_ID = 2**63 - 1


class DialogAction(StrEnum):
    """What a button does; the values are in messages that people have, and stay what they are."""

    LIST = "list"
    NEW = "new"
    OPEN = "open"
    SWITCH = "switch"
    RENAME = "rename"
    DELETE = "delete"
    DELETE_NOW = "gone"


class DialogButton(CallbackData, prefix="dialog"):
    """A button of the list, or of one dialog; `page` is where the list goes on."""

    action: DialogAction
    id: Annotated[int, Field(ge=0, le=_HIGHEST_ID)] = 0
    page: Annotated[int, Field(ge=0, le=100_000)] = 0


def title_of(entry: DialogEntry, texts: Texts) -> str:
    """Return what a dialog is called."""
    return entry.title or texts.get("dialog-untitled")


def list_keyboard(page: DialogPage, texts: Texts) -> InlineKeyboardMarkup:
    """Return a button for each dialog of a page, those to turn pages, and one for a new dialog."""
    rows = [
        [
            _button(
                f"{CHOSEN} {title_of(entry, texts)}" if entry.is_current else title_of(entry, texts),
                DialogAction.OPEN,
                entry.id,
                page.number,
            )
        ]
        for entry in page.entries
    ]
    turns = []
    if page.number > 0:
        turns.append(_button("‹", DialogAction.LIST, page=page.number - 1))
    if page.number < page.count - 1:
        turns.append(_button("›", DialogAction.LIST, page=page.number + 1))
    rows.append(turns)
    rows.append([_button(texts.get("button-new-dialog"), DialogAction.NEW)])
    return InlineKeyboardMarkup(inline_keyboard=[row for row in rows if row])


def dialog_keyboard(entry: DialogEntry, *, page: int, texts: Texts) -> InlineKeyboardMarkup:
    """Return what can be done with a dialog."""
    rows = [
        [_button(texts.get("button-rename"), DialogAction.RENAME, entry.id, page)],
        [_button(texts.get("button-delete"), DialogAction.DELETE, entry.id, page)],
        [_button(texts.get("button-back"), DialogAction.LIST, page=page)],
    ]
    if not entry.is_current:
        rows.insert(0, [_button(texts.get("button-switch"), DialogAction.SWITCH, entry.id, page)])
    return InlineKeyboardMarkup(inline_keyboard=rows)


def name_keyboard(entry: DialogEntry, *, page: int, texts: Texts) -> InlineKeyboardMarkup:
    """Return the way back while a new name is waited for."""
    back = _button(texts.get("button-cancel"), DialogAction.OPEN, entry.id, page)
    return InlineKeyboardMarkup(inline_keyboard=[[back]])


def delete_keyboard(entry: DialogEntry, *, page: int, texts: Texts) -> InlineKeyboardMarkup:
    """Return the question whether a dialog shall really go."""
    return InlineKeyboardMarkup(
        inline_keyboard=[
            [_button(texts.get("button-delete-now"), DialogAction.DELETE_NOW, entry.id, page)],
            [_button(texts.get("button-cancel"), DialogAction.OPEN, entry.id, page)],
        ]
    )


def _button(text: str, action: DialogAction, dialog_id: int = 0, page: int = 0) -> InlineKeyboardButton:
    data = DialogButton(action=action, id=dialog_id, page=page)
    return InlineKeyboardButton(text=text, callback_data=data.pack())
