"""The gateway: what Telegram asks for is done."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiogram import Bot
from aiogram.client.session.middlewares.base import NextRequestMiddlewareType
from aiogram.exceptions import (
    ClientDecodeError,
    TelegramForbiddenError,
    TelegramMigrateToChat,
    TelegramNetworkError,
    TelegramServerError,
)
from aiogram.methods import GetMe, SendMessage
from aiogram.methods.base import Response, TelegramMethod, TelegramType
from aiogram.types import Chat, Message

import vitte.clients.telegram.gateway
from tests.patience import PATIENCE
from vitte.clients.line import Line
from vitte.clients.redis import connect_redis
from vitte.clients.telegram import create_bot
from vitte.clients.telegram.gateway import DraftDroppedError, Gateway
from vitte.clients.telegram.limits import Limits
from vitte.core.clock import utc_now
from vitte.core.nursery import Nursery
from vitte.core.settings import Settings
from vitte.sandbox.client import SandboxPerson
from vitte.sandbox.testing import RunningSandbox


@pytest.fixture
def blocked() -> list[int]:
    return []


@pytest.fixture
async def gateway(settings: Settings, blocked: list[int]) -> AsyncIterator[Gateway]:
    async def note(chat_id: int) -> None:
        blocked.append(chat_id)

    redis = connect_redis(settings.redis, timeout=PATIENCE)
    yield Gateway(Limits(Line(redis), settings.outbound), settings.outbound, on_blocked=note)
    await redis.aclose()


@pytest.fixture
async def client(settings: Settings, sandbox: RunningSandbox, gateway: Gateway) -> AsyncIterator[Bot]:
    bot = create_bot(settings.telegram, gateway)
    yield bot
    await bot.session.close()


async def test_a_chat_that_asks_for_a_pause_gets_no_call_before_it_is_over(
    sandbox: RunningSandbox, client: Bot, anna: SandboxPerson, ben: SandboxPerson
) -> None:
    for person in (anna, ben):
        await person.send("hello")
    await sandbox.add_fault("429", method="sendMessage", chat_id=anna.id, times=1, retry_after=3)
    nursery = Nursery()
    sending = [nursery.start(client.send_message(anna.id, text), name=text) for text in ("one", "two")]
    await sandbox.wait_for_calls("sendMessage", count=1)
    await client.send_message(ben.id, "at once")
    await asyncio.gather(*sending)
    refused, of_another, *later = await sandbox.calls(method="sendMessage")
    assert [call["chat_id"] for call in (refused, of_another, *later)] == [anna.id, ben.id, anna.id, anna.id]
    assert refused["status"] == 429
    assert [call["status"] for call in later] == [200, 200]
    assert all(call["ts"] - refused["ts"] >= 3 for call in later)
    assert [message["text"] for message in anna.messages.values() if message["from_bot"]] == ["one", "two"]


async def test_a_page_of_a_proxy_in_place_of_an_answer_is_an_outage(
    client: Bot, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vitte.clients.telegram.gateway, "_FIRST_BACKOFF", 0.01)
    tries = 0

    async def make_request(bot: Bot, method: TelegramMethod[TelegramType]) -> Response[TelegramType]:
        nonlocal tries
        tries += 1
        raise ClientDecodeError("Failed to decode object", ValueError("<html>"), b"<html>502 Bad Gateway")

    with pytest.raises(TelegramNetworkError):
        await gateway(make_request, client, GetMe())
    assert tries == 6


async def test_a_person_who_blocked_the_bot_is_noted_and_not_tried_again(
    sandbox: RunningSandbox, client: Bot, anna: SandboxPerson, blocked: list[int]
) -> None:
    await anna.send("hello")
    await anna.block()
    with pytest.raises(TelegramForbiddenError):
        await client.send_message(anna.id, "one")
    assert blocked == [anna.id]
    assert len(await sandbox.calls(method="sendMessage")) == 1


async def test_a_message_gets_through_an_outage_and_is_given_up_when_only_it_is_not_taken(
    sandbox: RunningSandbox, client: Bot, anna: SandboxPerson, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vitte.clients.telegram.gateway._FIRST_BACKOFF", 0.01)
    await anna.send("hello")
    for kind in ("502", "disconnect", "500"):
        await sandbox.add_fault(kind, method="sendMessage", times=1)
    await client.send_message(anna.id, "one")
    await anna.wait_for_message("one")
    # Other calls are answered: it is this message that Telegram cannot do with.
    await sandbox.add_fault("500", method="sendMessage")
    with pytest.raises(TelegramServerError):
        await client.send_message(anna.id, "two")
    assert len(await sandbox.calls(method="sendMessage")) == 4 + 6


async def test_a_message_is_not_given_up_while_telegram_answers_nobody(
    sandbox: RunningSandbox, client: Bot, anna: SandboxPerson, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vitte.clients.telegram.gateway._FIRST_BACKOFF", 0.01)
    monkeypatch.setattr("vitte.clients.telegram.gateway._MAX_BACKOFF", 0.01)
    await anna.send("hello")
    monkeypatch.setattr("vitte.clients.telegram.gateway._ASKED_EVERY", 0.0)
    await sandbox.add_fault("502", method="getMe", times=3)
    await sandbox.add_fault("502", method="sendMessage", times=12)
    await client.send_message(anna.id, "one")
    await anna.wait_for_message("one")
    # It failed after Telegram was back, too, and had as many tries as any.
    assert len(await sandbox.calls(method="getMe")) == 4


async def test_a_draft_without_room_is_dropped_and_never_waits(
    sandbox: RunningSandbox, client: Bot, anna: SandboxPerson, settings: Settings
) -> None:
    settings.outbound.draft_rate = 0.01
    await anna.send("hello")
    await client.send_message_draft(chat_id=anna.id, draft_id=1, text="a")
    async with asyncio.timeout(PATIENCE):
        with pytest.raises(DraftDroppedError) as dropped:
            await client.send_message_draft(chat_id=anna.id, draft_id=1, text="a b")
    assert PATIENCE < dropped.value.retry_after <= 100
    assert len(await sandbox.calls(method="sendMessageDraft")) == 1


async def test_a_group_that_became_a_supergroup_is_followed(gateway: Gateway, client: Bot) -> None:
    called: list[int | str] = []

    async def telegram(bot: Bot, method: TelegramMethod[TelegramType]) -> Response[TelegramType]:
        assert isinstance(method, SendMessage)
        called.append(method.chat_id)
        if method.chat_id == -5:
            raise TelegramMigrateToChat(method, "Bad Request: group chat was upgraded", -1005)
        chat = Chat(id=-1005, type="supergroup")
        message = Message(message_id=1, date=utc_now(), chat=chat)
        return Response(ok=True, result=message)

    request: NextRequestMiddlewareType[Message] = telegram
    for _ in range(2):
        await gateway(request, client, SendMessage(chat_id=-5, text="one"))
    assert called == [-5, -1005, -1005]
