"""`vitte demo --check` asks as a person does, and says what is wrong when no answer comes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from tests.patience import PATIENCE
from vitte.main.demo.check import CheckError, ask


@asynccontextmanager
async def chat(events: list[dict[str, Any]], *, status: int = 201, complete: int = 1) -> AsyncIterator[str]:
    """A chat whose bot reacts to a message with `events` and then counts `complete` more answers."""
    asked = asyncio.Event()

    async def state(_: web.Request) -> web.Response:
        return web.json_response({"bots": [{"id": 42}], "people": []})

    async def people(_: web.Request) -> web.Response:
        return web.json_response({"id": 1001, "error": "no"}, status=status)

    async def messages(request: web.Request) -> web.Response:
        asked.set()
        return web.json_response({"message_id": 1, **await request.json()}, status=201)

    async def follow(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await asked.wait()
        for event in events:
            await socket.send_json(event)
        async for _ in socket:
            pass
        return socket

    async def metrics(_: web.Request) -> web.Response:
        count = 3 + complete * asked.is_set()
        return web.Response(text=f'vitte_answers_total{{outcome="complete"}} {count}.0\nother 9\n')

    app = web.Application()
    app.add_routes(
        [
            web.get("/metrics", metrics),
            web.get("/sandbox/state", state),
            web.post("/sandbox/people", people),
            web.post("/sandbox/people/1001/chats/42/messages", messages),
            web.get("/sandbox/people/1001/events", follow),
        ]
    )
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def message(text: str, *, from_bot: bool) -> dict[str, Any]:
    return {"type": "message", "bot_id": 42, "message": {"message_id": 2, "from_bot": from_bot, "text": text}}


async def test_the_bots_answer_comes_back_with_its_times() -> None:
    events = [
        message("Hello!", from_bot=False),
        {"type": "chat_action", "bot_id": 42, "action": "typing", "expires_in": 5},
        {
            "type": "draft",
            "bot_id": 42,
            "draft": {"draft_id": 1, "text": "I", "entities": [], "can_stop": True},
        },
        {"type": "draft", "bot_id": 42, "draft": None},
        message("I can.", from_bot=True),
    ]
    async with chat(events) as url:
        answer = await ask(url, bot_id=42, metrics_url=f"{url}/metrics", within=PATIENCE)
    assert answer.text == "I can."
    assert 0 < answer.first <= answer.full


async def test_silence_is_an_error() -> None:
    async with chat([message("Hello!", from_bot=False)]) as url:
        with pytest.raises(CheckError, match="did not answer within 0 s"):
            await ask(url, bot_id=42, metrics_url=f"{url}/metrics", within=0.3)


async def test_a_refusal_is_told() -> None:
    async with chat([], status=400) as url:
        with pytest.raises(CheckError, match="refused /sandbox/people: 400"):
            await ask(url, bot_id=42, metrics_url=f"{url}/metrics", within=PATIENCE)


async def test_an_apology_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vitte.main.demo.check._COUNTED_WITHIN", 0.2)
    async with chat([message("Sorry, later.", from_bot=True)], complete=0) as url:
        with pytest.raises(CheckError, match=r"had no answer; it said: Sorry, later\."):
            await ask(url, bot_id=42, metrics_url=f"{url}/metrics", within=PATIENCE)
