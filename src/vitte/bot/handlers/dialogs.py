"""/dialogs: a person's dialogs, all in one message with buttons."""

from contextlib import suppress
from datetime import timedelta

from aiogram import Bot, F, Router
from aiogram.dispatcher.event.bases import SkipHandler
from aiogram.enums import ChatType
from aiogram.exceptions import TelegramBadRequest
from aiogram.filters import Command, Filter
from aiogram.types import CallbackQuery, Message
from dishka.integrations.aiogram import FromDishka

from vitte.bot.filters import IsCommand, IsQuestion
from vitte.bot.handlers.new import opening_of
from vitte.bot.keyboards.dialogs import (
    DialogAction,
    DialogButton,
    delete_keyboard,
    dialog_keyboard,
    list_keyboard,
    name_keyboard,
    title_of,
)
from vitte.bot.menus import answer, say, show
from vitte.bot.places import place_pressed_in
from vitte.bot.texts import Texts
from vitte.catalogue.service import CatalogueService
from vitte.core.clock import Clock, utc_now
from vitte.dialogs.schemas import DialogPage
from vitte.dialogs.service import DialogService
from vitte.users.schemas import Awaited, Person
from vitte.users.service import UserService

_NAME_WITHIN = timedelta(minutes=15)
"""Who has thought for longer has forgotten it, and asks a question."""


class AwaitsName(Filter):
    """From somebody who was asked for a dialog's name. To tell costs nothing: the profile says so."""

    async def __call__(self, event: Message | CallbackQuery, person: Person) -> bool:
        """Tell whether the message is the name, or anything else comes instead of one."""
        awaited = person.settings.awaited
        if awaited is None:
            return False
        if isinstance(event, Message):
            # What the same person says in a group is said to others.
            is_private = event.chat.type == ChatType.PRIVATE
            return is_private and awaited.is_given_by(event.message_id, at=event.date)
        return awaited.is_open(at=utc_now())


async def list_dialogs(
    message: Message, person: Person, texts: Texts, dialogs: FromDishka[DialogService]
) -> None:
    """Send the newest of the person's dialogs."""
    page = await dialogs.page(person.id)
    await message.answer(_text_of(page, texts), reply_markup=list_keyboard(page, texts))


async def turn_page(
    query: CallbackQuery,
    callback_data: DialogButton,
    bot: Bot,
    person: Person,
    texts: Texts,
    dialogs: FromDishka[DialogService],
) -> None:
    """Show a page of the list."""
    await answer(query)
    await _show_list(query, bot, await dialogs.page(person.id, callback_data.page), texts)


async def begin_new(
    query: CallbackQuery,
    bot: Bot,
    person: Person,
    texts: Texts,
    catalogue: FromDishka[CatalogueService],
    dialogs: FromDishka[DialogService],
) -> None:
    """Begin a dialog, as /new does."""
    persona = await catalogue.persona(person.settings.persona)
    if (place := place_pressed_in(query)) is not None:
        await dialogs.end(place.chat_id, place.topic_id)
    else:
        await dialogs.begin_new(person.id, persona.key)
    await answer(query)
    await _show_list(query, bot, await dialogs.page(person.id), texts)
    await say(query, bot, opening_of(persona, texts))


async def open_dialog(
    query: CallbackQuery,
    callback_data: DialogButton,
    bot: Bot,
    person: Person,
    texts: Texts,
    catalogue: FromDishka[CatalogueService],
    dialogs: FromDishka[DialogService],
) -> None:
    """Show one dialog, and what can be done with it."""
    entry = await dialogs.find(person.id, callback_data.id)
    if entry is None:
        await _tell_gone(query, bot, person, texts, dialogs)
        return
    await answer(query)
    persona = await catalogue.persona(entry.persona)
    text = texts.get("dialog-opened", title=title_of(entry, texts), persona=persona.name(texts.language))
    await show(query, bot, text, dialog_keyboard(entry, page=callback_data.page, texts=texts))


async def switch(
    query: CallbackQuery,
    callback_data: DialogButton,
    bot: Bot,
    person: Person,
    texts: Texts,
    dialogs: FromDishka[DialogService],
) -> None:
    """Let the next questions go to this dialog."""
    if not await dialogs.switch(person.id, callback_data.id):
        await _tell_gone(query, bot, person, texts, dialogs)
        return
    await answer(query, texts.get("dialog-switched"))
    await _show_list(query, bot, await dialogs.page(person.id, callback_data.page), texts)


async def ask_for_name(
    query: CallbackQuery,
    callback_data: DialogButton,
    bot: Bot,
    person: Person,
    texts: Texts,
    clock: FromDishka[Clock],
    dialogs: FromDishka[DialogService],
    users: FromDishka[UserService],
) -> None:
    """Take the person's next text for the dialog's name."""
    entry = await dialogs.find(person.id, callback_data.id)
    if entry is None or query.message is None:
        await _tell_gone(query, bot, person, texts, dialogs)
        return
    awaited = Awaited(about=entry.id, menu_id=query.message.message_id, until=clock.now() + _NAME_WITHIN)
    await users.await_text(person, awaited)
    await answer(query)
    text = texts.get("dialog-name-wanted", title=title_of(entry, texts))
    await show(query, bot, text, name_keyboard(entry, page=callback_data.page, texts=texts))


async def take_name(
    message: Message,
    bot: Bot,
    person: Person,
    texts: Texts,
    dialogs: FromDishka[DialogService],
    users: FromDishka[UserService],
) -> None:
    """Name the dialog; a text that was not asked for after all is a question, and so is what is none."""
    if not message.text:
        await users.stop_awaiting(person)
        raise SkipHandler
    awaited = await users.take_text(person, message.message_id)
    if awaited is None:
        raise SkipHandler
    title = await dialogs.rename(person.id, awaited.about, message.text)
    page = await dialogs.page(person.id)
    # It may be gone, or say so already when this is handled again.
    with suppress(TelegramBadRequest):
        await bot.edit_message_text(
            _text_of(page, texts),
            chat_id=message.chat.id,
            message_id=awaited.menu_id,
            reply_markup=list_keyboard(page, texts),
        )
    await message.answer(
        texts.get("dialog-gone") if title is None else texts.get("dialog-renamed", title=title)
    )


async def keep_name(message: Message, person: Person, texts: Texts, users: FromDishka[UserService]) -> None:
    """Leave the dialog's name as it is: /cancel."""
    await users.stop_awaiting(person)
    await message.answer(texts.get("dialog-name-kept"))


async def stop_waiting(_: Message | CallbackQuery, person: Person, users: FromDishka[UserService]) -> None:
    """Wait for no name any more: the person is at something else, which goes its way."""
    await users.stop_awaiting(person)
    raise SkipHandler


async def ask_whether_to_delete(
    query: CallbackQuery,
    callback_data: DialogButton,
    bot: Bot,
    person: Person,
    texts: Texts,
    dialogs: FromDishka[DialogService],
) -> None:
    """Ask once more."""
    entry = await dialogs.find(person.id, callback_data.id)
    if entry is None:
        await _tell_gone(query, bot, person, texts, dialogs)
        return
    await answer(query)
    text = texts.get("dialog-delete-really", title=title_of(entry, texts))
    await show(query, bot, text, delete_keyboard(entry, page=callback_data.page, texts=texts))


async def delete(
    query: CallbackQuery,
    callback_data: DialogButton,
    bot: Bot,
    person: Person,
    texts: Texts,
    dialogs: FromDishka[DialogService],
) -> None:
    """Delete the dialog."""
    if not await dialogs.delete(person.id, callback_data.id):
        await _tell_gone(query, bot, person, texts, dialogs)
        return
    await answer(query, texts.get("dialog-deleted"))
    await _show_list(query, bot, await dialogs.page(person.id, callback_data.page), texts)


async def _tell_gone(
    query: CallbackQuery, bot: Bot, person: Person, texts: Texts, dialogs: DialogService
) -> None:
    await answer(query, texts.get("dialog-gone"))
    await _show_list(query, bot, await dialogs.page(person.id), texts)


async def _show_list(query: CallbackQuery, bot: Bot, page: DialogPage, texts: Texts) -> None:
    await show(query, bot, _text_of(page, texts), list_keyboard(page, texts))


def _text_of(page: DialogPage, texts: Texts) -> str:
    if not page.entries:
        return texts.get("dialogs-none")
    if page.count == 1:
        return texts.get("dialogs")
    return texts.get("dialogs-page", number=page.number + 1, count=page.count)


def create_router() -> Router:
    """Make the router of dialogs. It comes first: what was asked for is no command and no question."""
    router = Router(name="dialogs")
    router.message.register(keep_name, AwaitsName(), Command("cancel", ignore_case=True))
    router.message.register(stop_waiting, AwaitsName(), IsCommand())
    router.message.register(take_name, AwaitsName(), IsQuestion())
    router.message.register(list_dialogs, Command("dialogs"))
    router.callback_query.register(stop_waiting, AwaitsName())
    for action, handler in (
        (DialogAction.LIST, turn_page),
        (DialogAction.NEW, begin_new),
        (DialogAction.OPEN, open_dialog),
        (DialogAction.SWITCH, switch),
        (DialogAction.RENAME, ask_for_name),
        (DialogAction.DELETE, ask_whether_to_delete),
        (DialogAction.DELETE_NOW, delete),
    ):
        router.callback_query.register(handler, DialogButton.filter(F.action == action))
    return router
