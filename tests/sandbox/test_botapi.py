"""The Bot API over plain HTTP: every way to send parameters, and what a wrong request is told."""

import io
from typing import Any

import aiohttp
import orjson
import pytest
from aiogram import Bot

from vitte.sandbox.client import SandboxPerson
from vitte.sandbox.testing import TOKEN, RunningSandbox

KEYBOARD = '{"inline_keyboard": [[{"text": "Go", "callback_data": "go"}]]}'


async def send(sandbox: RunningSandbox, method: str = "sendMessage", **request: Any) -> tuple[int, Any]:
    url = f"{sandbox.base_url}/bot{TOKEN}/{method}"
    async with sandbox.session.post(url, **request) as answer:
        return answer.status, await answer.json()


async def test_bot_learns_its_name_from_the_first_call(bot: Bot) -> None:
    me = await bot.get_me()
    assert (me.id, me.is_bot, me.first_name, me.username) == (42, True, "Vitte", "vitte_bot")
    assert me.can_join_groups is True


async def test_two_bots_have_two_usernames(sandbox: RunningSandbox) -> None:
    first = await sandbox.result("getMe")
    second = await sandbox.result("getMe", token="43:OTHER")
    assert first["username"] == "vitte_bot"
    assert second["username"] == "vitte_43_bot"


async def test_every_encoding_of_parameters_gives_the_same_message(
    sandbox: RunningSandbox, anna: SandboxPerson
) -> None:
    params = {"chat_id": str(anna.id), "text": "*hi*", "parse_mode": "MarkdownV2", "reply_markup": KEYBOARD}
    form = aiohttp.FormData(params, default_to_multipart=True)
    native = {**params, "chat_id": anna.id, "reply_markup": orjson.loads(KEYBOARD)}
    answers = [
        await send(sandbox, params=params),
        await send(sandbox, data=params),
        await send(sandbox, data=form),
        await send(sandbox, json=params),
        await send(sandbox, json=native),
    ]
    async with sandbox.session.get(f"{sandbox.base_url}/bot{TOKEN}/sendMessage", params=params) as answer:
        answers.append((answer.status, await answer.json()))
    for status, body in answers:
        assert status == 200
        result = body["result"]
        assert result["text"] == "hi"
        assert result["entities"] == [{"type": "bold", "offset": 0, "length": 2}]
        assert result["reply_markup"] == orjson.loads(KEYBOARD)
        assert result["chat"] == {
            "id": anna.id,
            "first_name": "Anna",
            "last_name": "Ivanova",
            "username": "anna",
            "type": "private",
        }
        assert result["from"] == {
            "id": 42,
            "is_bot": True,
            "first_name": "Vitte",
            "username": "vitte_bot",
        }


async def test_method_names_are_case_insensitive(sandbox: RunningSandbox) -> None:
    for name in ("getme", "GETME", "GetMe"):
        assert (await sandbox.result(name))["id"] == 42


@pytest.mark.parametrize("token", ["nocolon", "0:abc", "abc:def", "-1:x", f"1:{'x' * 90}"])
async def test_malformed_token_is_unauthorized(sandbox: RunningSandbox, token: str) -> None:
    async with sandbox.session.get(f"{sandbox.base_url}/bot{token}/getMe") as answer:
        assert answer.status == 401
        assert await answer.json() == {
            "ok": False,
            "error_code": 401,
            "description": "Unauthorized: invalid token specified",
        }


async def test_address_without_method_is_not_found(sandbox: RunningSandbox) -> None:
    async with sandbox.session.get(f"{sandbox.base_url}/bot{TOKEN}") as answer:
        assert answer.status == 404
        assert (await answer.json())["description"] == "Not Found"


async def test_unknown_method_is_not_found(sandbox: RunningSandbox) -> None:
    status, body = await send(sandbox, "sendMassage")
    assert (status, body["error_code"], body["description"]) == (404, 404, "Not Found: method not found")


async def test_known_method_that_is_not_played_says_so(sandbox: RunningSandbox) -> None:
    status, body = await send(sandbox, "sendDice", json={"chat_id": 1})
    assert (status, body["error_code"]) == (400, 400)
    assert body["description"] == "Bad Request: the sandbox does not play sendDice yet"


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ({"text": "x"}, "chat_id is empty"),
        ({"chat_id": ""}, "message text is empty"),
        ({"chat_id": "", "text": "x"}, "chat_id is empty"),
        ({"chat_id": "1001"}, "message text is empty"),
        (
            {"chat_id": "1001", "text": "x", "reply_markup": "{"},
            "can't parse reply keyboard markup JSON object",
        ),
        ({"chat_id": "1001", "text": "x", "reply_markup": "[]"}, "object expected as reply markup"),
        ({"chat_id": "1001", "text": "x", "entities": "nonsense"}, "can't parse entities JSON object"),
    ],
)
async def test_wrong_parameters_are_refused_in_telegrams_words(
    sandbox: RunningSandbox, anna: SandboxPerson, params: dict[str, str], reason: str
) -> None:
    status, body = await send(sandbox, data=params)
    assert status == 400
    assert body["description"] == f"Bad Request: {reason}"


async def test_body_that_is_no_json_is_a_bad_request(sandbox: RunningSandbox) -> None:
    status, body = await send(sandbox, data=b"{", headers={"Content-Type": "application/json"})
    assert status == 400
    assert body["description"].startswith("Bad Request")


async def test_upload_over_50_megabytes_is_too_large(sandbox: RunningSandbox, anna: SandboxPerson) -> None:
    form = aiohttp.FormData({"chat_id": str(anna.id)})
    form.add_field("document", io.BytesIO(bytes(52 << 20)), filename="big.bin")
    status, body = await send(sandbox, "sendDocument", data=form)
    assert (status, body["description"]) == (413, "Request Entity Too Large")


async def test_numbers_and_flags_come_as_any_text(sandbox: RunningSandbox, anna: SandboxPerson) -> None:
    params = {"chat_id": f"{anna.id}", "draft_id": "7", "text": "x", "can_stop": "True"}
    status, _ = await send(sandbox, "sendMessageDraft", data=params)
    assert status == 200
    assert (await anna.chat())["draft"]["can_stop"] is True
    await send(sandbox, "sendMessageDraft", data={**params, "can_stop": "no"})
    assert (await anna.chat())["draft"]["can_stop"] is False
