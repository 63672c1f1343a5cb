"""Messages a bot edits."""

from typing import Any

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import (
    BufferedInputFile,
    ForceReply,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    Message,
)

from tests.sandbox.pictures import png
from vitte.sandbox.client import SandboxPerson

KEYBOARD = InlineKeyboardMarkup(inline_keyboard=[[InlineKeyboardButton(text="Go", callback_data="go")]])


async def test_edited_text_is_seen_with_its_time(bot: Bot, anna: SandboxPerson) -> None:
    sent = await bot.send_message(anna.id, "draft", reply_markup=KEYBOARD)
    edited = await bot.edit_message_text(
        "<i>final</i>", chat_id=anna.id, message_id=sent.message_id, parse_mode="HTML"
    )
    assert isinstance(edited, Message)
    assert edited.edit_date is not None
    # Without a keyboard in the call the old one goes.
    assert edited.reply_markup is None
    seen = await anna.wait_for_message("final")
    assert seen["message_id"] == sent.message_id
    assert seen["edit_date"] == edited.edit_date
    assert [event["type"] for event in anna.events][-1] == "message_edited"


async def test_same_text_and_keyboard_are_not_modified(bot: Bot, anna: SandboxPerson) -> None:
    sent = await bot.send_message(anna.id, "same", reply_markup=KEYBOARD)
    where: dict[str, Any] = {"chat_id": anna.id, "message_id": sent.message_id}
    reason = (
        "Bad Request: message is not modified: specified new message content and reply markup are exactly "
        "the same as a current content and reply markup of the message"
    )
    with pytest.raises(TelegramBadRequest) as caught:
        await bot.edit_message_text(" same ", reply_markup=KEYBOARD, **where)
    assert caught.value.message == reason
    with pytest.raises(TelegramBadRequest, match="message is not modified"):
        await bot.edit_message_reply_markup(reply_markup=KEYBOARD, **where)
    await bot.edit_message_text("same", **where)


async def test_keyboard_can_be_taken_away_and_put_back(bot: Bot, anna: SandboxPerson) -> None:
    sent = await bot.send_message(anna.id, "x", reply_markup=KEYBOARD)
    bare = await bot.edit_message_reply_markup(chat_id=anna.id, message_id=sent.message_id)
    assert isinstance(bare, Message)
    assert bare.reply_markup is None
    again = await bot.edit_message_reply_markup(
        chat_id=anna.id, message_id=sent.message_id, reply_markup=KEYBOARD
    )
    assert isinstance(again, Message)
    assert again.reply_markup is not None
    assert again.reply_markup.model_dump() == KEYBOARD.model_dump()


async def test_missing_message_is_not_found(bot: Bot, anna: SandboxPerson) -> None:
    with pytest.raises(TelegramBadRequest, match="Bad Request: message to edit not found"):
        await bot.edit_message_text("x", chat_id=anna.id, message_id=999)


async def test_persons_message_cannot_be_edited(bot: Bot, anna: SandboxPerson) -> None:
    own = await anna.send("mine")
    with pytest.raises(TelegramBadRequest, match="Bad Request: message can't be edited"):
        await bot.edit_message_text("yours", chat_id=anna.id, message_id=own["message_id"])


async def test_message_under_a_forced_reply_cannot_be_edited(bot: Bot, anna: SandboxPerson) -> None:
    sent = await bot.send_message(anna.id, "?", reply_markup=ForceReply())
    with pytest.raises(TelegramBadRequest, match="message can't be edited"):
        await bot.edit_message_text("!", chat_id=anna.id, message_id=sent.message_id)


async def test_text_and_captions_are_edited_by_their_own_methods(bot: Bot, anna: SandboxPerson) -> None:
    text = await bot.send_message(anna.id, "text")
    photo = await bot.send_photo(anna.id, BufferedInputFile(png(), "p.png"), caption="caption")
    with pytest.raises(TelegramBadRequest, match="there is no caption in the message to edit"):
        await bot.edit_message_caption(chat_id=anna.id, message_id=text.message_id, caption="x")
    with pytest.raises(TelegramBadRequest, match="there is no text in the message to edit"):
        await bot.edit_message_text("x", chat_id=anna.id, message_id=photo.message_id)
    edited = await bot.edit_message_caption(
        chat_id=anna.id, message_id=photo.message_id, caption="*new*", parse_mode="MarkdownV2"
    )
    assert isinstance(edited, Message)
    assert edited.caption == "new"
    assert edited.photo == photo.photo
    assert (await anna.wait_for_message("new"))["caption"] == "new"


async def test_edited_text_obeys_the_limits_of_a_new_one(bot: Bot, anna: SandboxPerson) -> None:
    sent = await bot.send_message(anna.id, "x")
    where: dict[str, Any] = {"chat_id": anna.id, "message_id": sent.message_id}
    with pytest.raises(TelegramBadRequest, match="message is too long"):
        await bot.edit_message_text("x" * 4097, **where)
    with pytest.raises(TelegramBadRequest, match="message text is empty"):
        await bot.edit_message_text("", **where)
