"""Messages a bot sends: what people see of them, and the words of every refusal."""

from typing import Any

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError
from aiogram.types import (
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    KeyboardButton,
    MessageOriginUser,
    ReplyKeyboardMarkup,
    ReplyParameters,
)

from vitte.sandbox.client import SandboxPerson
from vitte.sandbox.testing import RunningSandbox, running_sandbox
from vitte.sandbox.timing import ManualClock


async def test_message_reaches_the_person_as_the_bot_meant_it(bot: Bot, anna: SandboxPerson) -> None:
    keyboard = InlineKeyboardMarkup(inline_keyboard=[[InlineKeyboardButton(text="Go", callback_data="go")]])
    sent = await bot.send_message(anna.id, " <b>Hi</b> 😀 ", parse_mode="HTML", reply_markup=keyboard)
    seen = await anna.wait_for_message("Hi")
    assert sent.text == "Hi 😀"
    assert sent.reply_markup is not None
    assert sent.reply_markup.model_dump() == keyboard.model_dump()
    assert seen == {
        "message_id": sent.message_id,
        "from_bot": True,
        "date": int(sent.date.timestamp()),
        "text": "Hi 😀",
        "entities": [{"type": "bold", "offset": 0, "length": 2}],
        "reply_markup": {"inline_keyboard": [[{"text": "Go", "callback_data": "go"}]]},
    }


async def test_reply_keyboard_is_shown_but_not_given_back(bot: Bot, anna: SandboxPerson) -> None:
    keyboard = ReplyKeyboardMarkup(keyboard=[[KeyboardButton(text="Yes")]], resize_keyboard=True)
    sent = await bot.send_message(anna.id, "?", reply_markup=keyboard)
    seen = await anna.wait_for_message("?")
    assert sent.reply_markup is None
    assert seen["reply_markup"] == {"keyboard": [[{"text": "Yes"}]], "resize_keyboard": True}


async def test_reply_carries_the_message_it_answers(bot: Bot, anna: SandboxPerson) -> None:
    question = await anna.send("why?")
    reply = ReplyParameters(message_id=question["message_id"])
    sent = await bot.send_message(anna.id, "because", reply_parameters=reply)
    assert sent.reply_to_message is not None
    assert sent.reply_to_message.text == "why?"
    assert sent.reply_to_message.from_user is not None
    assert sent.reply_to_message.from_user.id == anna.id
    assert (await anna.wait_for_message("because"))["reply_to_message_id"] == question["message_id"]


async def test_reply_to_nothing_is_refused_unless_allowed(bot: Bot, anna: SandboxPerson) -> None:
    with pytest.raises(TelegramBadRequest, match="message to be replied not found"):
        await bot.send_message(anna.id, "x", reply_parameters=ReplyParameters(message_id=999))
    allowed = ReplyParameters(message_id=999, allow_sending_without_reply=True)
    assert (await bot.send_message(anna.id, "x", reply_parameters=allowed)).reply_to_message is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "message text is empty"),
        (" \n ", "text must be non-empty"),
        ("<b></b>", "text must be non-empty"),
        ("x" * 4097, "message is too long"),
        ("😀" * 2049, "message is too long"),
        ("<b>x", "can't parse entities: Can't find end tag corresponding to start tag \"b\""),
    ],
)
async def test_wrong_text_is_refused_in_telegrams_words(
    sandbox: RunningSandbox, anna: SandboxPerson, text: str, reason: str
) -> None:
    answer = await sandbox.call("sendMessage", chat_id=anna.id, text=text, parse_mode="HTML")
    assert (answer["error_code"], answer["description"]) == (400, f"Bad Request: {reason}")


async def test_text_of_4096_units_after_parsing_is_taken(bot: Bot, anna: SandboxPerson) -> None:
    sent = await bot.send_message(anna.id, f"<b>{'😀' * 2048}</b>", parse_mode="HTML")
    assert sent.text == "😀" * 2048


@pytest.mark.parametrize("chat_id", [5, -100, "@nobody", "word"])
async def test_unknown_chat_is_not_found(sandbox: RunningSandbox, chat_id: int | str) -> None:
    answer = await sandbox.call("sendMessage", chat_id=chat_id, text="x")
    assert (answer["error_code"], answer["description"]) == (400, "Bad Request: chat not found")


async def test_bot_cannot_begin_a_conversation(bot: Bot, sandbox: RunningSandbox) -> None:
    boris = await sandbox.person("Boris")
    with pytest.raises(
        TelegramForbiddenError, match="Forbidden: bot can't initiate conversation with a user"
    ):
        await bot.send_message(boris.id, "hello")
    assert (await boris.chat())["messages"] == []


async def test_bot_blocked_by_the_person_can_do_nothing_there(bot: Bot, anna: SandboxPerson) -> None:
    sent = await bot.send_message(anna.id, "before")
    await anna.block()
    blocked = "Forbidden: bot was blocked by the user"
    with pytest.raises(TelegramForbiddenError, match=blocked):
        await bot.send_message(anna.id, "after")
    with pytest.raises(TelegramForbiddenError, match=blocked):
        await bot.send_chat_action(anna.id, "typing")
    with pytest.raises(TelegramForbiddenError, match=blocked):
        await bot.edit_message_text("after", chat_id=anna.id, message_id=sent.message_id)
    await anna.unblock()
    assert (await bot.send_message(anna.id, "again")).text == "again"


async def test_bots_of_one_person_do_not_see_each_others_chats(
    sandbox: RunningSandbox, anna: SandboxPerson
) -> None:
    answer = await sandbox.call("sendMessage", token="43:OTHER", chat_id=anna.id, text="x")
    assert answer["description"] == "Forbidden: bot can't initiate conversation with a user"
    await anna.with_bot(43).send("hi")
    await sandbox.result("sendMessage", token="43:OTHER", chat_id=anna.id, text="hello")
    assert [message["text"] for message in (await anna.chat())["messages"]] == ["/start"]
    assert [message["text"] for message in (await anna.with_bot(43).chat())["messages"]] == ["hi", "hello"]


async def test_forwarded_message_says_who_wrote_it(bot: Bot, anna: SandboxPerson) -> None:
    own = await anna.send("original")
    forwarded = await bot.forward_message(anna.id, anna.id, own["message_id"])
    assert forwarded.text == "original"
    assert isinstance(forwarded.forward_origin, MessageOriginUser)
    assert forwarded.forward_origin.sender_user.id == anna.id
    with pytest.raises(TelegramBadRequest, match="message to forward not found"):
        await bot.forward_message(anna.id, anna.id, 999)


async def test_copied_message_is_the_bots_own(bot: Bot, anna: SandboxPerson) -> None:
    own = await anna.send("original")
    copied = await bot.copy_message(anna.id, anna.id, own["message_id"])
    seen = await anna.wait_for_message("original")
    assert seen["message_id"] == copied.message_id
    with pytest.raises(TelegramBadRequest, match="message to copy not found"):
        await bot.copy_message(anna.id, anna.id, 999)


async def test_deleted_messages_of_both_sides_vanish(bot: Bot, anna: SandboxPerson) -> None:
    own = await anna.send("mine")
    theirs = await bot.send_message(anna.id, "theirs")
    await anna.wait_for_message("theirs")
    assert await bot.delete_message(anna.id, theirs.message_id)
    event = await anna.wait_for_event("message_deleted")
    assert event["message_ids"] == [theirs.message_id]
    assert await bot.delete_messages(anna.id, [own["message_id"], 999])
    assert [message["text"] for message in (await anna.chat())["messages"]] == ["/start"]
    with pytest.raises(TelegramBadRequest, match="Bad Request: message to delete not found"):
        await bot.delete_message(anna.id, theirs.message_id)


async def test_message_older_than_two_days_cannot_be_deleted(
    bot: Bot, anna: SandboxPerson, clock: ManualClock
) -> None:
    sent = await bot.send_message(anna.id, "old")
    clock.advance(48 * 3600)
    with pytest.raises(TelegramBadRequest, match="message can't be deleted for everyone"):
        await bot.delete_message(anna.id, sent.message_id)


async def test_message_ids_grow_over_all_chats_of_a_bot(sandbox: RunningSandbox, bot: Bot) -> None:
    ids = []
    for name in ("Anna", "Boris"):
        person = await sandbox.person(name)
        ids.append((await person.send("hi"))["message_id"])
        ids.append((await bot.send_message(person.id, "hello")).message_id)
    assert ids == sorted(set(ids))


async def test_oldest_messages_of_a_long_chat_are_forgotten() -> None:
    async with running_sandbox(history_per_chat=3) as sandbox:
        anna = await sandbox.person(listen=False)
        for number in range(5):
            await anna.send(str(number))
        assert [message["text"] for message in (await anna.chat())["messages"]] == ["2", "3", "4"]


async def test_link_preview_options_come_back(sandbox: RunningSandbox, anna: SandboxPerson) -> None:
    options: dict[str, Any] = {"is_disabled": True}
    sent = await sandbox.result(
        "sendMessage", chat_id=anna.id, text="https://example.com", link_preview_options=options
    )
    assert sent["link_preview_options"] == options
    assert sent["entities"] == [{"type": "url", "offset": 0, "length": 19}]
