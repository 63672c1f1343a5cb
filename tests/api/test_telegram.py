"""Telegram at the door."""

import json
from collections.abc import AsyncIterator
from io import BytesIO
from typing import Any

import aiohttp
import pytest
from sqlalchemy import select

from tests.web.serving import browsing
from vitte.api.app import create_app
from vitte.core.settings import Settings, SettingsError
from vitte.db.engine import SessionFactory
from vitte.db.models import InboxUpdate
from vitte.main.container import make_container

PATH = "/api/v1/telegram/webhook"
SECRET = "s3cret_Token-1"
HEADERS = {"X-Telegram-Bot-Api-Secret-Token": SECRET}


def an_update(number: int, words: str = "Привет") -> dict[str, Any]:
    person = {"id": 1001, "first_name": "Анна", "is_bot": False}
    chat = {"id": 1001, "type": "private"}
    message = {"message_id": number, "date": 1, "chat": chat, "from": person, "text": words}
    return {"update_id": number, "message": message}


@pytest.fixture
def webhook_settings(settings: Settings) -> Settings:
    telegram = settings.telegram.model_dump() | {
        "mode": "webhook",
        "webhook_url": f"https://bot.example{PATH}",
        "webhook_secret": SECRET,
    }
    return Settings.model_validate(settings.model_dump() | {"telegram": telegram})


@pytest.fixture
async def door(webhook_settings: Settings) -> AsyncIterator[aiohttp.ClientSession]:
    app = create_app(webhook_settings, make_container(webhook_settings, process="api"))
    async with browsing(app) as client:
        yield client


async def stored(session_factory: SessionFactory) -> list[tuple[int, int, Any]]:
    async with session_factory() as session:
        rows = await session.scalars(select(InboxUpdate).order_by(InboxUpdate.update_id))
        return [(row.bot_id, row.update_id, json.loads(row.payload or "null")) for row in rows]


async def test_an_update_is_stored_before_it_is_acknowledged(
    door: aiohttp.ClientSession, session_factory: SessionFactory
) -> None:
    async with door.post(PATH, json=an_update(7), headers=HEADERS) as answer:
        assert answer.status == 200
        assert await answer.read() == b""
    assert await stored(session_factory) == [(42, 7, an_update(7))]


async def test_an_update_that_comes_twice_is_stored_once(
    door: aiohttp.ClientSession, session_factory: SessionFactory
) -> None:
    for _ in range(2):
        async with door.post(PATH, json=an_update(7), headers=HEADERS) as answer:
            assert answer.status == 200
    assert len(await stored(session_factory)) == 1


async def test_whoever_does_not_know_the_secret_is_turned_away(
    door: aiohttp.ClientSession, session_factory: SessionFactory
) -> None:
    for given in (None, "", "wrong", SECRET + "x", SECRET[:-1], "пароль"):
        headers = {} if given is None else {"X-Telegram-Bot-Api-Secret-Token": given}
        async with door.post(PATH, json=an_update(7), headers=headers) as answer:
            assert answer.status == 401, given
            assert (await answer.json())["error"]["code"] == "unauthorized"
    assert await stored(session_factory) == []


async def test_what_is_no_update_is_refused(door: aiohttp.ClientSession) -> None:
    for body in (b"", b"{", b"[]", b'{"message": {}}', b"\xff\xfe"):
        async with door.post(PATH, data=body, headers=HEADERS) as answer:
            assert answer.status == 400, body


async def test_a_body_over_one_megabyte_is_refused(
    door: aiohttp.ClientSession, session_factory: SessionFactory
) -> None:
    # As files: aiohttp warns of bodies of this size in memory.
    too_long = BytesIO(json.dumps(an_update(7, "x" * 1024 * 1024)).encode())
    async with door.post(PATH, data=too_long, headers=HEADERS) as answer:
        assert answer.status == 413
    long = BytesIO(json.dumps(an_update(8, "x" * 1000 * 1024)).encode())
    async with door.post(PATH, data=long, headers=HEADERS) as answer:
        assert answer.status == 200
    assert [update_id for _, update_id, _ in await stored(session_factory)] == [8]


async def test_telegram_is_asked_to_come_again_while_the_database_is_away(webhook_settings: Settings) -> None:
    webhook_settings.database.port = 9
    app = create_app(webhook_settings, make_container(webhook_settings, process="api"))
    async with browsing(app) as door, door.post(PATH, json=an_update(7), headers=HEADERS) as answer:
        assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
        assert (await answer.json())["error"]["code"] == "unavailable"


async def test_there_is_no_door_when_the_bot_polls(client: aiohttp.ClientSession) -> None:
    async with client.post(PATH, json=an_update(7), headers=HEADERS) as answer:
        assert answer.status == 404


async def test_a_door_without_a_bots_token_is_not_opened(webhook_settings: Settings) -> None:
    webhook_settings.telegram.token = type(webhook_settings.telegram.token)("")
    container = make_container(webhook_settings, process="api")
    with pytest.raises(SettingsError, match="VITTE_TELEGRAM__TOKEN"):
        create_app(webhook_settings, container)
    await container.close()
