"""/memory: what the assistant has learned of a person, to look at and to forget."""

from typing import Annotated, Literal

from aiogram import Bot, Router
from aiogram.enums import ChatType
from aiogram.filters import Command
from aiogram.filters.callback_data import CallbackData
from aiogram.types import (
    CallbackQuery,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    LinkPreviewOptions,
    Message,
)
from dishka.integrations.aiogram import FromDishka
from pydantic import Field

from vitte.bot.menus import answer, show
from vitte.bot.splitting import head
from vitte.bot.texts import Texts
from vitte.core.settings.memory import MemorySettings
from vitte.memory.book import MemoryBook
from vitte.memory.schemas import MemoryPage
from vitte.users.schemas import Person

_SIZE = 8
"""Facts on a page: cut like this they all fit into one message."""
_LONGEST_SHOWN = 400
_IN_A_ROW = 4
_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)

# What comes back from a client is what somebody wants it to be.
_Id = Annotated[int, Field(ge=0, lt=2**63)]
_PageNumber = Annotated[int, Field(ge=1, le=10_000)]


class MemoryButton(CallbackData, prefix="memory"):
    """What a button does: show a page, forget a fact, ask before forgetting all, do it, switch on or off."""

    action: Literal["page", "forget", "ask", "clear", "on", "off"]
    page: _PageNumber = 1
    fact: _Id = 0


async def show_memory(
    message: Message,
    person: Person,
    texts: Texts,
    book: FromDishka[MemoryBook],
    settings: FromDishka[MemorySettings],
) -> None:
    """Show the first page. Facts are nobody else's business, so that a group sees none."""
    if message.chat.type != ChatType.PRIVATE:
        await message.answer(texts.get("memory-in-private"))
        return
    page = await book.page(person.id, 1, size=_SIZE)
    await message.answer(
        _text(page, texts, settings),
        reply_markup=_keyboard(page, texts, settings),
        link_preview_options=_NO_PREVIEW,
    )


async def press_button(
    query: CallbackQuery,
    callback_data: MemoryButton,
    bot: Bot,
    person: Person,
    texts: Texts,
    book: FromDishka[MemoryBook],
    settings: FromDishka[MemorySettings],
) -> None:
    """Do what a button says, to the facts of whoever pressed it, and show what is left."""
    done = await _do(callback_data, person, texts, book)
    page = await book.page(person.id, callback_data.page, size=_SIZE)
    if callback_data.action == "ask" and page.count:
        text, keyboard = texts.get("memory-ask", count=page.count), _question(callback_data, texts)
    else:
        text, keyboard = _text(page, texts, settings), _keyboard(page, texts, settings)
    await show(query, bot, text, keyboard, link_preview=_NO_PREVIEW)
    await answer(query, done)


async def _do(button: MemoryButton, person: Person, texts: Texts, book: MemoryBook) -> str | None:
    """Return what the person is told of it."""
    match button.action:
        case "forget":
            gone = await book.forget(person.id, button.fact)
            return texts.get("memory-forgotten") if gone else texts.get("memory-gone-already")
        case "clear":
            await book.forget_all(person.id)
            return texts.get("memory-cleared")
        case "on" | "off":
            await book.switch(person.id, on=button.action == "on")
    return None


def _text(page: MemoryPage, texts: Texts, settings: MemorySettings) -> str:
    state = "memory-on" if page.is_on else "memory-off"
    parts = [texts.get(state if settings.enabled else "memory-disabled"), texts.get("memory-about")]
    if page.facts:
        numbered = enumerate(page.facts, start=page.first)
        parts.append("\n".join(f"{number}. {_short(fact.text)}" for number, fact in numbered))
    else:
        parts.append(texts.get("memory-empty"))
    if page.pages > 1:
        parts.append(texts.get("memory-page", number=page.number, pages=page.pages))
    return "\n\n".join(parts)


def _short(text: str) -> str:
    cut = head(text, _LONGEST_SHOWN)
    return text if cut == text else f"{cut}…"


def _keyboard(page: MemoryPage, texts: Texts, settings: MemorySettings) -> InlineKeyboardMarkup:
    forgetting = [
        _button(f"🗑 {number}", action="forget", page=page.number, fact=fact.id)
        for number, fact in enumerate(page.facts, start=page.first)
    ]
    rows = [forgetting[start : start + _IN_A_ROW] for start in range(0, len(forgetting), _IN_A_ROW)]
    turning = []
    if page.number > 1:
        turning.append(_button("‹", action="page", page=page.number - 1))
    if page.number < page.pages:
        turning.append(_button("›", action="page", page=page.number + 1))
    rows.append(turning)
    if page.facts:
        rows.append([_button(texts.get("memory-button-clear"), action="ask", page=page.number)])
    if settings.enabled:
        key, action = ("memory-button-off", "off") if page.is_on else ("memory-button-on", "on")
        rows.append([_button(texts.get(key), action=action, page=page.number)])
    return InlineKeyboardMarkup(inline_keyboard=[row for row in rows if row])


def _question(button: MemoryButton, texts: Texts) -> InlineKeyboardMarkup:
    yes = _button(texts.get("memory-button-yes"), action="clear")
    no = _button(texts.get("memory-button-no"), action="page", page=button.page)
    return InlineKeyboardMarkup(inline_keyboard=[[yes, no]])


def _button(text: str, *, action: str, page: int = 1, fact: int = 0) -> InlineKeyboardButton:
    data = MemoryButton.model_validate({"action": action, "page": page, "fact": fact})
    return InlineKeyboardButton(text=text, callback_data=data.pack())


def create_router() -> Router:
    """Make the router of /memory."""
    router = Router(name="memory")
    router.message.register(show_memory, Command("memory"))
    router.callback_query.register(press_button, MemoryButton.filter())
    return router
