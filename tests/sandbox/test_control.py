"""Faults and updates made up on demand."""

import asyncio
from typing import Any

import aiohttp
import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramNetworkError, TelegramRetryAfter, TelegramServerError

from vitte.sandbox.client import SandboxPerson, SandboxRefusedError
from vitte.sandbox.testing import RunningSandbox, running_sandbox


async def test_429_comes_as_often_as_asked_for(
    bot: Bot, sandbox: RunningSandbox, anna: SandboxPerson
) -> None:
    await sandbox.add_fault("429", method="sendMessage", retry_after=7, times=2)
    for _ in range(2):
        with pytest.raises(TelegramRetryAfter) as caught:
            await bot.send_message(anna.id, "x")
        assert caught.value.retry_after == 7
    assert (await bot.get_me()).id == 42
    assert (await bot.send_message(anna.id, "x")).text == "x"
    assert len((await anna.chat())["messages"]) == 2


@pytest.mark.parametrize(
    ("kind", "status", "description"),
    [
        ("500", 500, "Internal Server Error"),
        ("502", 502, "Bad Gateway"),
        ("403", 403, "Forbidden: bot was blocked by the user"),
    ],
)
async def test_servers_trouble_has_telegrams_shape(
    sandbox: RunningSandbox, kind: str, status: int, description: str
) -> None:
    await sandbox.add_fault(kind)
    answer = await sandbox.call("getMe")
    assert answer == {"ok": False, "error_code": status, "description": description}
    await sandbox.clear_faults()
    assert (await sandbox.call("getMe"))["ok"]


async def test_fault_hits_only_its_chat(bot: Bot, sandbox: RunningSandbox, anna: SandboxPerson) -> None:
    boris = await sandbox.person("Boris")
    await boris.send("hi")
    await sandbox.add_fault("502", chat_id=anna.id)
    with pytest.raises(TelegramServerError):
        await bot.send_message(anna.id, "x")
    assert (await bot.send_message(boris.id, "x")).text == "x"


async def test_rate_hits_a_part_of_the_calls(sandbox: RunningSandbox) -> None:
    await sandbox.add_fault("500", rate=0.5)
    results = [(await sandbox.call("getMe"))["ok"] for _ in range(60)]
    assert True in results
    assert False in results


@pytest.mark.parametrize("performed", [False, True])
async def test_cut_connection_leaves_the_bot_without_an_answer(
    bot: Bot, sandbox: RunningSandbox, anna: SandboxPerson, performed: bool
) -> None:
    await sandbox.add_fault("disconnect", method="sendMessage", times=1, performed=performed)
    with pytest.raises(TelegramNetworkError):
        await bot.send_message(anna.id, "sent?")
    assert len((await anna.chat())["messages"]) == (2 if performed else 1)
    [line] = await sandbox.calls(method="sendMessage")
    assert (line["status"], line["fault"]) == (0, "disconnect")
    assert (await bot.send_message(anna.id, "again")).text == "again"


async def test_time_out_hangs_until_the_bot_gives_up(
    bot: Bot, sandbox: RunningSandbox, anna: SandboxPerson
) -> None:
    await sandbox.add_fault("timeout", method="sendMessage", times=1)
    with pytest.raises(TelegramNetworkError, match="timeout"):
        await bot.send_message(anna.id, "x", request_timeout=1)
    assert (await bot.send_message(anna.id, "again")).text == "again"


async def test_delay_slows_a_call_down(sandbox: RunningSandbox) -> None:
    await sandbox.add_fault("500", delay=0.2)
    started = asyncio.get_running_loop().time()
    await sandbox.call("getMe")
    assert asyncio.get_running_loop().time() - started >= 0.2


@pytest.mark.parametrize("body", [{"kind": "418"}, {"kind": "500", "chat": 1}, {"kind": "500", "rate": "x"}])
async def test_wrong_fault_is_refused(sandbox: RunningSandbox, body: dict[str, Any]) -> None:
    with pytest.raises(SandboxRefusedError, match="400"):
        await sandbox.post("/sandbox/control/faults", body)


async def test_faults_can_be_forbidden() -> None:
    async with running_sandbox(faults_allowed=False) as sandbox:
        with pytest.raises(SandboxRefusedError, match="403"):
            await sandbox.add_fault("500")
        with pytest.raises(SandboxRefusedError, match="403"):
            await sandbox.inject([{}])


async def test_malformed_update_is_delivered_as_it_is(sandbox: RunningSandbox) -> None:
    raw = {"message": {"chat": "nonsense"}, "surprise": [1]}
    [update_id] = await sandbox.inject([raw])
    assert await sandbox.result("getUpdates") == [{**raw, "update_id": update_id}]
    assert await sandbox.result("getUpdates", offset=update_id + 1) == []


async def test_update_whose_id_is_no_number_does_not_stay_forever(sandbox: RunningSandbox) -> None:
    await sandbox.inject([{"update_id": "x", "poll": {}}, {"poll": {}}])
    broken, good = await sandbox.result("getUpdates")
    assert broken["update_id"] == "x"
    assert await sandbox.result("getUpdates", offset=good["update_id"] + 1) == []


async def test_update_is_duplicated_as_often_as_asked_for(sandbox: RunningSandbox) -> None:
    [update_id] = await sandbox.inject([{"poll": {}}], copies=3)
    assert [raw["update_id"] for raw in await sandbox.result("getUpdates")] == [update_id] * 3
    assert await sandbox.result("getUpdates", offset=update_id + 1) == []


async def test_old_update_comes_again_although_it_was_confirmed(
    sandbox: RunningSandbox, anna: SandboxPerson
) -> None:
    [update] = await sandbox.result("getUpdates")
    offset = update["update_id"] + 1
    assert await sandbox.result("getUpdates", offset=offset) == []
    await sandbox.inject([update])
    assert await sandbox.result("getUpdates", offset=offset) == [update]
    assert await sandbox.result("getUpdates", offset=offset) == []


async def test_shuffled_updates_arrive_in_another_order_and_all_of_them(sandbox: RunningSandbox) -> None:
    updates = [{"poll": {"number": number}} for number in range(30)]
    ids = await sandbox.inject(updates, shuffle=True)
    got = [raw["update_id"] for raw in await sandbox.result("getUpdates")]
    assert sorted(got) == sorted(ids)
    assert got != sorted(ids)


async def test_bot_can_write_to_a_group_it_was_told_of(sandbox: RunningSandbox) -> None:
    chat = {"id": -100, "type": "supergroup", "title": "Club"}
    sender = {"id": 7, "is_bot": False, "first_name": "Eve"}
    message = {"message_id": 1, "date": 1, "chat": chat, "from": sender, "text": "hi"}
    await sandbox.inject([{"message": message}])
    sent = await sandbox.result("sendMessage", chat_id=-100, text="hello")
    assert sent["chat"] == chat


async def test_call_log_tells_of_every_call_but_no_token(
    bot: Bot, sandbox: RunningSandbox, anna: SandboxPerson
) -> None:
    sent = await bot.send_message(anna.id, "x", parse_mode=None)
    await sandbox.call("sendMessage", chat_id=anna.id, text="")
    good, bad = await sandbox.calls(method="sendmessage", bot_id=42)
    assert (good["method"], good["chat_id"], good["status"]) == ("sendMessage", anna.id, 200)
    assert (good["message_id"], good["error"], good["params"]["text"]) == (sent.message_id, None, "x")
    assert good["duration_ms"] >= 0
    assert (bad["status"], bad["error"]) == (400, "Bad Request: message text is empty")
    assert bad["seq"] > good["seq"]
    assert await sandbox.calls(after=bad["seq"]) == []
    assert "TEST" not in str(await sandbox.calls())


async def test_secret_of_a_webhook_is_not_logged(sandbox: RunningSandbox) -> None:
    await sandbox.call("setWebhook", url="http://127.0.0.1:1/", secret_token="very-secret")
    assert "very-secret" not in str(await sandbox.calls())


async def test_bot_sees_a_closed_connection_and_not_a_half_answer(sandbox: RunningSandbox) -> None:
    await sandbox.add_fault("disconnect")
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await sandbox.call("getMe")


async def test_a_crowd_is_let_in_and_writes_each_in_order(bot: Bot, sandbox: RunningSandbox) -> None:
    ids = await sandbox.let_in(4, languages=("en", "ru"))
    assert [sandbox.world.people[person].language_code for person in ids] == ["en", "ru", "en", "ru"]
    written = [(ids[0], "first"), (ids[1], "/start"), (ids[0], "second")]
    message_ids = await sandbox.write(written)
    got = [raw["message"] for raw in await sandbox.result("getUpdates")]
    assert [(one["chat"]["id"], one["text"]) for one in got] == written
    assert [one["message_id"] for one in got] == message_ids
    # They have begun a chat, so they can be answered.
    assert (await bot.send_message(ids[1], "welcome")).text == "welcome"


@pytest.mark.parametrize("messages", [{}, [["x", "text"]], [[1001]], [[1001, None]], [1001]])
async def test_crowd_that_says_nothing_readable_is_refused(sandbox: RunningSandbox, messages: Any) -> None:
    with pytest.raises(SandboxRefusedError, match="400"):
        await sandbox.post("/sandbox/control/messages", {"bot_id": 42, "messages": messages})
    with pytest.raises(SandboxRefusedError, match="400"):
        await sandbox.let_in(0)
