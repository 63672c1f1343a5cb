"""Streaming drafts and "typing"."""

from typing import Any

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import Update

from vitte.sandbox.client import SandboxPerson, SandboxRefusedError
from vitte.sandbox.testing import RunningSandbox
from vitte.sandbox.timing import ManualClock


async def test_draft_streams_and_the_message_takes_its_place(bot: Bot, anna: SandboxPerson) -> None:
    assert await bot.send_message_draft(anna.id, 7, text="")
    assert await bot.send_message_draft(anna.id, 7, text="<b>Hel</b>", parse_mode="HTML", can_stop=True)
    await bot.send_message(anna.id, "Hello")
    await anna.wait_for_message("Hello")
    bold = {"type": "bold", "offset": 0, "length": 3}
    assert [event["draft"] for event in anna.events if event["type"] == "draft"] == [
        {"draft_id": 7, "text": "", "entities": [], "can_stop": False},
        {"draft_id": 7, "text": "Hel", "entities": [bold], "can_stop": True},
        None,
    ]
    assert (await anna.chat())["draft"] is None


async def test_draft_is_gone_after_30_seconds(bot: Bot, anna: SandboxPerson, clock: ManualClock) -> None:
    await bot.send_message_draft(anna.id, 7, text="a")
    clock.advance(29)
    assert (await anna.chat())["draft"]["text"] == "a"
    await bot.send_message_draft(anna.id, 7, text="b")
    clock.advance(29)
    assert (await anna.chat())["draft"]["text"] == "b"
    seen = len(anna.events)
    clock.advance(1)
    event = await anna.wait_for_event("draft", after=seen)
    assert event["draft"] is None


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ({"draft_id": 0}, "invalid draft_id specified"),
        ({"text": "x" * 4097}, "message is too long"),
        ({"text": "<b>", "parse_mode": "HTML"}, "can't parse entities"),
    ],
)
async def test_wrong_draft_is_refused(
    sandbox: RunningSandbox, anna: SandboxPerson, params: dict[str, Any], reason: str
) -> None:
    answer = await sandbox.call(
        "sendMessageDraft", **{"chat_id": anna.id, "draft_id": 1, "text": "x", **params}
    )
    assert answer["error_code"] == 400
    assert reason in answer["description"]


async def test_draft_in_a_group_is_refused(sandbox: RunningSandbox) -> None:
    chat = {"id": -5, "type": "group", "title": "Club"}
    message = {"message_id": 1, "date": 1, "chat": chat, "text": "hi"}
    await sandbox.inject([{"message": message}])
    answer = await sandbox.call("sendMessageDraft", chat_id=-5, draft_id=1, text="x")
    assert answer["error_code"] == 400


async def test_stop_button_tells_the_bot_and_ends_the_draft(
    bot: Bot, sandbox: RunningSandbox, anna: SandboxPerson
) -> None:
    await bot.send_message_draft(anna.id, 7, text="long", can_stop=True)
    await anna.stop()
    raw = (await sandbox.result("getUpdates"))[-1]
    stopped = Update.model_validate(raw).stopped_message_generation
    assert stopped is not None
    assert (stopped.chat.id, stopped.draft_id) == (anna.id, 7)
    assert (await anna.chat())["draft"] is None
    # What comes late for the stopped draft is not shown; another draft is.
    assert await bot.send_message_draft(anna.id, 7, text="longer", can_stop=True)
    assert (await anna.chat())["draft"] is None
    await bot.send_message_draft(anna.id, 8, text="new")
    assert (await anna.chat())["draft"]["draft_id"] == 8


async def test_draft_kept_on_stop_stays_without_the_button(bot: Bot, anna: SandboxPerson) -> None:
    await bot.send_message_draft(anna.id, 7, text="long", can_stop=True, keep_on_stop=True)
    await anna.stop()
    assert (await anna.chat())["draft"] == {
        "draft_id": 7,
        "text": "long",
        "entities": [],
        "can_stop": False,
    }


async def test_draft_without_the_button_cannot_be_stopped(bot: Bot, anna: SandboxPerson) -> None:
    await bot.send_message_draft(anna.id, 7, text="long")
    with pytest.raises(SandboxRefusedError, match="nothing to stop"):
        await anna.stop()


async def test_typing_is_seen_for_5_seconds(bot: Bot, anna: SandboxPerson) -> None:
    await bot.send_chat_action(anna.id, "typing")
    event = await anna.wait_for_event("chat_action")
    assert event == {"type": "chat_action", "bot_id": 42, "action": "typing", "expires_in": 5}


async def test_unknown_action_is_refused(bot: Bot, anna: SandboxPerson) -> None:
    with pytest.raises(TelegramBadRequest, match="Bad Request: wrong parameter action in request"):
        await bot.send_chat_action(anna.id, "dancing")
