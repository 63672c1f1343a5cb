"""A plain aiogram bot lives in the sandbox as at Telegram, and a test sees it with a person's eyes."""

import pytest
from aiogram import Bot, Dispatcher
from aiogram.client.default import DefaultBotProperties
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.filters import CommandStart
from aiogram.types import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, Message

from vitte.core.nursery import Nursery
from vitte.sandbox.client import SandboxPerson
from vitte.sandbox.testing import TOKEN, RunningSandbox


def make_dispatcher() -> Dispatcher:
    dispatcher = Dispatcher()

    @dispatcher.message(CommandStart())
    async def start(message: Message) -> None:
        button = InlineKeyboardButton(text="More", callback_data="more")
        keyboard = InlineKeyboardMarkup(inline_keyboard=[[button]])
        name = message.from_user.first_name if message.from_user else ""
        await message.answer(f"Hello, <b>{name}</b>", reply_markup=keyboard)

    @dispatcher.callback_query()
    async def more(query: CallbackQuery) -> None:
        await query.answer("here is more")
        if isinstance(query.message, Message):
            await query.message.edit_text("More")

    return dispatcher


async def test_polling_bot_talks_with_a_person(sandbox: RunningSandbox, nursery: Nursery) -> None:
    session = AiohttpSession(api=TelegramAPIServer.from_base(sandbox.base_url))
    bot = Bot(TOKEN, session=session, default=DefaultBotProperties(parse_mode="HTML"))
    dispatcher = make_dispatcher()
    running = dispatcher.start_polling(bot, handle_signals=False, close_bot_session=False)
    polling = nursery.start(running, name="bot")
    anna = await sandbox.person("Anna")
    greeting = await anna.ask("/start")
    assert greeting["text"] == "Hello, Anna"
    query_id = await anna.press(greeting, "more")
    assert (await anna.wait_for_answer(query_id))["text"] == "here is more"
    assert (await anna.wait_for_message("More"))["message_id"] == greeting["message_id"]
    await dispatcher.stop_polling()
    await polling
    await (await session.create_session()).close()


async def test_waiting_in_vain_tells_what_was_seen(anna: SandboxPerson) -> None:
    await anna.send("hello")
    await anna.wait_for_event("message")
    with pytest.raises(TimeoutError, match=r"not seen within 0\.05 s.*hello"):
        await anna.wait_for_message("never", timeout=0.05)


async def test_deleted_message_leaves_what_the_person_sees(bot: Bot, anna: SandboxPerson) -> None:
    sent = await bot.send_message(anna.id, "x")
    await anna.wait_for_message("x")
    await bot.delete_message(anna.id, sent.message_id)
    await anna.wait_for_event("message_deleted")
    assert sent.message_id not in anna.messages
