"""The people side: what people can do, and what they are told when they cannot."""

from typing import Any

import aiohttp
import pytest
from aiogram import Bot

from tests.patience import PATIENCE
from tests.sandbox.pictures import png
from vitte.sandbox.client import SandboxPerson, SandboxRefusedError
from vitte.sandbox.testing import RunningSandbox


async def test_people_get_ids_from_1001_up_and_are_listed(sandbox: RunningSandbox, bot: Bot) -> None:
    await bot.get_me()
    first = await sandbox.post("/sandbox/people", {"first_name": " Anna ", "username": "@anna"})
    second = await sandbox.post("/sandbox/people", {"first_name": "Boris", "language_code": "ru"})
    assert first == {"id": 1001, "first_name": "Anna", "language_code": "en", "username": "anna"}
    assert second == {"id": 1002, "first_name": "Boris", "language_code": "ru"}
    assert await sandbox.state() == {
        "bots": [{"id": 42, "first_name": "Vitte", "username": "vitte_bot", "commands": []}],
        "people": [first, second],
    }


async def test_chat_nobody_wrote_in_is_empty(sandbox: RunningSandbox) -> None:
    anna = await sandbox.person(listen=False)
    assert await anna.chat() == {
        "bot": {"id": 42, "first_name": "Vitte", "username": "vitte_bot", "commands": []},
        "blocked": False,
        "messages": [],
        "draft": None,
    }


async def test_own_message_is_returned_and_seen(anna: SandboxPerson) -> None:
    sent = await anna.send("hello https://example.com")
    assert sent["from_bot"] is False
    assert sent["entities"] == [{"type": "url", "offset": 6, "length": 19}]
    event = await anna.wait_for_event(lambda event: event.get("message") == sent)
    assert event["type"] == "message"
    assert (await anna.chat())["messages"][-1] == sent


async def test_reply_of_a_person_carries_the_message(bot: Bot, anna: SandboxPerson) -> None:
    question = await bot.send_message(anna.id, "name?")
    await anna.send("Anna", reply_to=question.message_id)
    update = (await bot.get_updates())[-1]
    assert update.message is not None
    assert update.message.reply_to_message is not None
    assert update.message.reply_to_message.text == "name?"


async def test_edited_message_of_a_person_is_told_to_the_bot(bot: Bot, anna: SandboxPerson) -> None:
    sent = await anna.send("tpyo")
    edited = await anna.edit(sent["message_id"], "typo")
    assert (edited["text"], "edit_date" in edited) == ("typo", True)
    update = (await bot.get_updates())[-1]
    assert update.edited_message is not None
    assert update.edited_message.text == "typo"
    assert update.edited_message.edit_date is not None


async def test_blocking_and_unblocking_are_told_to_the_bot(bot: Bot, anna: SandboxPerson) -> None:
    await anna.block()
    await anna.block()
    await anna.unblock()
    changes = [update.my_chat_member for update in (await bot.get_updates())[1:]]
    statuses = [
        (change.old_chat_member.status, change.new_chat_member.status) for change in changes if change
    ]
    assert statuses == [("member", "kicked"), ("kicked", "member")]
    assert changes[0] is not None
    assert (changes[0].chat.id, changes[0].from_user.id) == (anna.id, anna.id)
    assert changes[0].new_chat_member.user.id == 42


async def test_who_blocked_the_bot_must_unblock_it_to_write(anna: SandboxPerson) -> None:
    await anna.block()
    assert (await anna.chat())["blocked"] is True
    with pytest.raises(SandboxRefusedError, match="409: You blocked this bot"):
        await anna.send("hi")


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/sandbox/people", {"first_name": " "}, 400),
        ("POST", "/sandbox/people", {"first_name": 5}, 400),
        ("POST", "/sandbox/people", [], 400),
        ("POST", "/sandbox/people/5/chats/42/messages", {"text": "x"}, 404),
        ("GET", "/sandbox/people/5/chats/42", None, 404),
        ("POST", "/sandbox/people/1001/chats/42/messages", {"text": " "}, 400),
        ("POST", "/sandbox/people/1001/chats/42/messages", {"text": "x" * 4097}, 400),
        ("POST", "/sandbox/people/1001/chats/42/messages", {}, 400),
        ("POST", "/sandbox/people/1001/chats/42/messages", {"text": "x", "reply_to_message_id": 99}, 404),
        ("PATCH", "/sandbox/people/1001/chats/42/messages/99", {"text": "x"}, 404),
        ("POST", "/sandbox/people/1001/chats/42/callbacks", {"message_id": 1, "data": "x"}, 404),
        ("POST", "/sandbox/people/1001/chats/42/callbacks", {"message_id": "1", "data": "x"}, 400),
        ("PUT", "/sandbox/people/1001/chats/42/blocked", {"blocked": "yes"}, 400),
        ("POST", "/sandbox/people/1001/chats/42/stop", {}, 409),
        ("GET", "/sandbox/files/nothing", None, 404),
        ("GET", "/sandbox/nothing", None, 404),
    ],
)
async def test_what_cannot_be_is_refused_with_a_sentence(
    sandbox: RunningSandbox, anna: SandboxPerson, method: str, path: str, body: Any, status: int
) -> None:
    async with sandbox.session.request(method, sandbox.base_url + path, json=body) as answer:
        assert answer.status == status
        refusal = await answer.json()
    assert list(refusal) == ["error"]
    assert refusal["error"].endswith(".")


async def test_bots_message_cannot_be_edited_by_a_person(bot: Bot, anna: SandboxPerson) -> None:
    sent = await bot.send_message(anna.id, "x")
    with pytest.raises(SandboxRefusedError, match="403"):
        await anna.edit(sent.message_id, "y")


async def test_picture_is_shown_and_document_is_only_downloaded(
    sandbox: RunningSandbox, anna: SandboxPerson
) -> None:
    photo = await anna.send_photo(png())
    page = await anna.send_document(b"<script>1</script>", name="page.html")
    async with sandbox.session.get(sandbox.base_url + photo["photo_url"]) as answer:
        assert answer.content_type == "image/png"
        assert answer.headers["Content-Disposition"] == "inline"
    async with sandbox.session.get(sandbox.base_url + page["document_url"]) as answer:
        assert answer.headers["Content-Disposition"] == "attachment"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_photo_that_is_none_is_refused(anna: SandboxPerson) -> None:
    with pytest.raises(SandboxRefusedError, match="400: This is no photo"):
        await anna.send_photo(b"no picture")


async def test_each_person_sees_only_their_own_events(sandbox: RunningSandbox, bot: Bot) -> None:
    anna, boris = await sandbox.person("Anna"), await sandbox.person("Boris")
    await anna.send("from anna")
    await boris.send("from boris")
    await bot.send_message(anna.id, "to anna")
    await bot.send_message(boris.id, "to boris")
    await boris.wait_for_message("to boris")
    assert [event["message"]["text"] for event in boris.events] == ["from boris", "to boris"]


async def test_one_person_can_watch_from_two_places(sandbox: RunningSandbox, anna: SandboxPerson) -> None:
    second = await sandbox.known_person(anna.id)
    await anna.send("hi")
    assert (await second.wait_for_event("message"))["message"]["text"] == "hi"


async def test_socket_of_all_events_names_the_person(sandbox: RunningSandbox) -> None:
    async with sandbox.session.ws_connect(f"{sandbox.base_url}/sandbox/events") as socket:
        anna = await sandbox.person("Anna", listen=False)
        await anna.send("hi")
        event = await socket.receive_json(timeout=PATIENCE)
    assert (event["person_id"], event["type"], event["message"]["text"]) == (anna.id, "message", "hi")


async def test_socket_of_nobody_is_refused(sandbox: RunningSandbox) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await sandbox.session.ws_connect(f"{sandbox.base_url}/sandbox/people/5/events")
