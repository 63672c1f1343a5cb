"""The webhook door: the api takes updates in, the bot hears of them and answers."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr
from sqlalchemy import func, select

from tests.patience import PATIENCE
from vitte.core.nursery import Nursery
from vitte.core.settings import Settings
from vitte.db.models import InboxUpdate
from vitte.db.transaction import Transaction
from vitte.embedded.ports import free_port
from vitte.main import api as api_process
from vitte.main import bot as bot_process
from vitte.sandbox.client import SandboxPerson
from vitte.sandbox.llm import Script
from vitte.sandbox.testing import RunningSandbox

SECRET = "a-secret_for-tests"
UPDATE = {"update_id": 7, "message": {"chat": {"id": 5}}}


@pytest.fixture
async def processes(settings: Settings, sandbox: RunningSandbox, model: Script) -> AsyncIterator[None]:
    """Api and bot together, in webhook mode, with the sandbox as Telegram."""
    settings.api.port = free_port()
    settings.telegram.mode = "webhook"
    settings.telegram.webhook_url = f"http://127.0.0.1:{settings.api.port}/api/v1/telegram/webhook"
    settings.telegram.webhook_secret = SecretStr(SECRET)
    stop, nursery = asyncio.Event(), Nursery()
    running = [
        nursery.start(process.serve(settings, stop), name=process.__name__)
        for process in (api_process, bot_process)
    ]
    await sandbox.wait_for_calls("setMyCommands", count=2)
    yield
    stop.set()
    async with asyncio.timeout(PATIENCE):
        await asyncio.gather(*running)


@pytest.mark.usefixtures("processes")
async def test_a_conversation_by_webhook_reads_like_one_by_polling(
    sandbox: RunningSandbox, anna: SandboxPerson, model: Script
) -> None:
    assert (await anna.ask("/start"))["text"].startswith("👋 Привет, Анна!")
    assert (await anna.ask("one"))["text"] == "You said: one"
    info = await sandbox.result("getWebhookInfo")
    assert info["pending_update_count"] == 0
    assert "last_error_message" not in info
    assert await sandbox.calls(method="getUpdates") == []


@pytest.mark.usefixtures("processes")
@pytest.mark.parametrize("secret", [None, "", "wrong", SECRET[:-1], "ключ"])
async def test_a_stranger_who_does_not_know_the_secret_puts_nothing_in(
    sandbox: RunningSandbox, settings: Settings, transaction: Transaction, secret: str | None
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", settings.api.port)
    header = "" if secret is None else f"X-Telegram-Bot-Api-Secret-Token: {secret}\r\n"
    body = '{"update_id": 7, "message": {"chat": {"id": 5}}}'
    head = f"POST /api/v1/telegram/webhook HTTP/1.1\r\nHost: x\r\n{header}Content-Length: {len(body)}\r\n\r\n"
    writer.write((head + body).encode())
    status = (await reader.readline()).split()[1]
    writer.close()
    await writer.wait_closed()
    assert status == b"401"
    async with transaction:
        assert await transaction.session.scalar(select(func.count()).select_from(InboxUpdate)) == 0


@pytest.mark.usefixtures("processes")
async def test_the_answer_to_telegram_is_empty_and_a_second_copy_changes_nothing(
    sandbox: RunningSandbox, settings: Settings, transaction: Transaction
) -> None:
    headers = {"X-Telegram-Bot-Api-Secret-Token": SECRET}
    for _ in range(2):
        async with sandbox.session.post(
            settings.telegram.webhook_url, json=UPDATE, headers=headers
        ) as response:
            assert (response.status, await response.read()) == (200, b"")
    async with sandbox.session.post(
        settings.telegram.webhook_url, data=b"nonsense", headers=headers
    ) as response:
        assert response.status == 400
    async with transaction:
        assert await transaction.session.scalar(select(func.count()).select_from(InboxUpdate)) == 1
