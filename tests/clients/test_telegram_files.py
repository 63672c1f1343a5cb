"""Files are fetched from Telegram, whole, or not at all."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiogram import Bot
from aiohttp import web

from tests.patience import PATIENCE
from vitte.clients.documents.errors import FileTooLargeError, FileUnavailableError
from vitte.clients.telegram import create_bot
from vitte.clients.telegram.files import TelegramFiles
from vitte.clients.telegram.gateway import Gateway
from vitte.clients.telegram.limits import Limits
from vitte.core.settings import Settings
from vitte.core.settings.input import FilesSettings
from vitte.embedded.ports import free_port
from vitte.main.container import make_container
from vitte.main.telegram import TelegramProvider
from vitte.sandbox.client import SandboxPerson
from vitte.sandbox.testing import RunningSandbox, running_sandbox


@pytest.fixture
async def sandbox(settings: Settings) -> AsyncIterator[RunningSandbox]:
    async with running_sandbox() as sandbox:
        settings.telegram.api_url = sandbox.base_url
        yield sandbox


@pytest.fixture
async def bot(settings: Settings, sandbox: RunningSandbox) -> AsyncIterator[Bot]:
    """The bot's account, behind its gateway."""
    container = make_container(settings, TelegramProvider(), process="bot")

    async def forget(chat_id: int) -> None:
        """Nobody is blocked here."""

    bot = create_bot(
        settings.telegram, Gateway(await container.get(Limits), settings.outbound, on_blocked=forget)
    )
    yield bot
    await bot.session.close()
    await container.close()


async def sent(sandbox: RunningSandbox, content: bytes) -> str:
    """Let somebody send a file, and return its id."""
    anna: SandboxPerson = await sandbox.person("Anna", listen=False)
    await anna.send_document(content, name="a.bin")
    (update,) = await sandbox.result("getUpdates")
    return str(update["message"]["document"]["file_id"])


def files(**settings: float) -> TelegramFiles:
    return TelegramFiles(FilesSettings.model_validate(settings))


async def test_a_file_is_fetched_whole(bot: Bot, sandbox: RunningSandbox) -> None:
    content = bytes(range(256)) * 2000
    assert await files().download(bot, await sent(sandbox, content), name="a.bin") == content


async def test_a_file_beyond_telegrams_limit_is_too_large_also_when_its_size_is_not_told(
    bot: Bot, sandbox: RunningSandbox
) -> None:
    file_id = await sent(sandbox, bytes((20 << 20) + 1))
    with pytest.raises(FileTooLargeError) as refusal:
        await files(max_megabytes=50).download(bot, file_id, name="a.bin")
    assert refusal.value.params == {"name": "a.bin", "limit": 50}


async def test_a_file_beyond_our_own_limit_is_not_read_to_its_end(bot: Bot, sandbox: RunningSandbox) -> None:
    file_id = await sent(sandbox, bytes(3 << 20))
    with pytest.raises(FileTooLargeError):
        await files(max_megabytes=1).download(bot, file_id, name="a.bin")
    with pytest.raises(FileTooLargeError):
        await files(max_megabytes=1).download(bot, "not even asked for", name="a.bin", size=2 << 20)


async def test_a_file_that_telegram_does_not_know_is_unavailable(bot: Bot) -> None:
    with pytest.raises(FileUnavailableError):
        await files().download(bot, "nonsense", name="a.bin")


async def test_a_path_that_holds_no_more_is_asked_for_anew(
    bot: Bot, sandbox: RunningSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    file_id = await sent(sandbox, b"hello")
    hand_out = sandbox.world.hand_out
    paths = iter(["documents/gone"])
    monkeypatch.setattr(sandbox.world, "hand_out", lambda file: next(paths, None) or hand_out(file))
    assert await files().download(bot, file_id, name="a.bin") == b"hello"
    assert len(await sandbox.calls(method="getFile")) == 2


async def test_a_download_that_stands_still_is_given_up(
    bot: Bot, sandbox: RunningSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    file_id = await sent(sandbox, b"hello")
    stuck = asyncio.Event()

    async def begin(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"hel")
        await stuck.wait()
        return response

    app = web.Application()
    app.router.add_get("/{path:.*}", begin)
    runner = web.AppRunner(app)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    monkeypatch.setattr(type(bot.session.api), "file_url", lambda *_: f"http://127.0.0.1:{port}/x")
    try:
        async with asyncio.timeout(PATIENCE):
            with pytest.raises(FileUnavailableError):
                await files(download_timeout=0.5).download(bot, file_id, name="a.bin")
    finally:
        stuck.set()
        await runner.cleanup()
