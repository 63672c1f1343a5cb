"""Pressed buttons, their answers, and reactions."""

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import (
    CallbackQuery,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    Message,
    ReactionTypeEmoji,
)

from vitte.sandbox.client import SandboxPerson, SandboxRefusedError
from vitte.sandbox.testing import RunningSandbox
from vitte.sandbox.timing import ManualClock

KEYBOARD = InlineKeyboardMarkup(inline_keyboard=[[InlineKeyboardButton(text="Go", callback_data="go")]])
TOO_OLD = "Bad Request: query is too old and response timeout expired or query ID is invalid"


async def press(bot: Bot, anna: SandboxPerson) -> tuple[Message, CallbackQuery]:
    sent = await bot.send_message(anna.id, "choose", reply_markup=KEYBOARD)
    query_id = await anna.press(sent.message_id, "go")
    query = (await bot.get_updates())[-1].callback_query
    assert query is not None
    assert query.id == query_id
    return sent, query


async def test_pressed_button_is_told_and_answered(bot: Bot, anna: SandboxPerson) -> None:
    sent, query = await press(bot, anna)
    assert (query.data, query.from_user.id) == ("go", anna.id)
    assert query.chat_instance.lstrip("-").isdecimal()
    assert isinstance(query.message, Message)
    assert query.message.message_id == sent.message_id
    assert query.message.reply_markup is not None
    assert query.message.reply_markup.model_dump() == KEYBOARD.model_dump()
    assert await bot.answer_callback_query(query.id, text="Done", show_alert=True)
    assert await anna.wait_for_answer(query.id) == {
        "type": "callback_answer",
        "bot_id": 42,
        "callback_query_id": query.id,
        "text": "Done",
        "show_alert": True,
    }


async def test_all_presses_in_a_chat_have_one_chat_instance(bot: Bot, anna: SandboxPerson) -> None:
    _, first = await press(bot, anna)
    _, second = await press(bot, anna)
    assert first.id != second.id
    assert first.chat_instance == second.chat_instance


async def test_late_or_invented_query_is_too_old(
    bot: Bot, sandbox: RunningSandbox, anna: SandboxPerson, clock: ManualClock
) -> None:
    _, query = await press(bot, anna)
    clock.advance(61)
    for query_id in (query.id, "123", ""):
        answer = await sandbox.call("answerCallbackQuery", callback_query_id=query_id)
        assert (answer["error_code"], answer["description"]) == (400, TOO_OLD)


async def test_query_of_another_bot_is_unknown(
    bot: Bot, sandbox: RunningSandbox, anna: SandboxPerson
) -> None:
    _, query = await press(bot, anna)
    answer = await sandbox.call("answerCallbackQuery", token="43:OTHER", callback_query_id=query.id)
    assert answer["description"] == TOO_OLD


async def test_answer_over_200_characters_is_refused(bot: Bot, anna: SandboxPerson) -> None:
    _, query = await press(bot, anna)
    with pytest.raises(TelegramBadRequest, match="MESSAGE_TOO_LONG"):
        await bot.answer_callback_query(query.id, text="x" * 201)
    assert await bot.answer_callback_query(query.id, text="x" * 200)


async def test_second_answer_is_not_shown(bot: Bot, anna: SandboxPerson) -> None:
    _, query = await press(bot, anna)
    await bot.answer_callback_query(query.id, text="first")
    await bot.answer_callback_query(query.id, text="second")
    await bot.send_message(anna.id, "end")
    await anna.wait_for_message("end")
    answers = [event["text"] for event in anna.events if event["type"] == "callback_answer"]
    assert answers == ["first"]


async def test_button_that_is_not_there_cannot_be_pressed(bot: Bot, anna: SandboxPerson) -> None:
    sent, _ = await press(bot, anna)
    with pytest.raises(SandboxRefusedError, match="no such button"):
        await anna.press(sent.message_id, "other")
    await bot.edit_message_reply_markup(chat_id=anna.id, message_id=sent.message_id)
    with pytest.raises(SandboxRefusedError, match="no such button"):
        await anna.press(sent.message_id, "go")


async def test_reaction_is_seen_on_the_message(bot: Bot, anna: SandboxPerson) -> None:
    own = await anna.send("nice")
    assert await bot.set_message_reaction(anna.id, own["message_id"], [ReactionTypeEmoji(emoji="👍")])
    event = await anna.wait_for_event("message_edited")
    assert event["message"]["reactions"] == [{"type": "emoji", "emoji": "👍"}]
    await bot.set_message_reaction(anna.id, own["message_id"])
    assert "reactions" not in (await anna.chat())["messages"][-1]
    with pytest.raises(TelegramBadRequest, match="message to react not found"):
        await bot.set_message_reaction(anna.id, 999)
