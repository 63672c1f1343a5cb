"""Pictures, fetched for a model that sees."""

from collections.abc import AsyncIterator

import pytest
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from dishka import AsyncContainer

from tests.sandbox.pictures import png
from vitte.assistant.speaking import HearingService
from vitte.bot.input.errors import PictureUnsupportedError
from vitte.bot.input.resolving import InputResolver
from vitte.bot.input.schemas import ImageRef
from vitte.clients.documents.reader import DocumentReader
from vitte.clients.llm.protocol import Image
from vitte.clients.telegram.files import TelegramFiles
from vitte.core.settings.input import FilesSettings
from vitte.sandbox.testing import RunningSandbox

SETTINGS = FilesSettings(max_image_megabytes=1, max_images=2)


@pytest.fixture
async def resolver(container: AsyncContainer) -> InputResolver:
    hearing = await container.get(HearingService)
    return InputResolver(TelegramFiles(SETTINGS), DocumentReader(SETTINGS), hearing, SETTINGS)


@pytest.fixture
async def telegram(sandbox: RunningSandbox) -> AsyncIterator[Bot]:
    """The bot's account."""
    bot = Bot("42:TEST", session=AiohttpSession(api=TelegramAPIServer.from_base(sandbox.base_url)))
    yield bot
    await bot.session.close()


async def refs(sandbox: RunningSandbox, *contents: bytes) -> list[ImageRef]:
    """Let somebody send pictures as files."""
    anna = await sandbox.person("Anna", listen=False)
    for number, content in enumerate(contents):
        await anna.send_document(content, name=f"{number}.png")
    updates = await sandbox.result("getUpdates")
    return [
        ImageRef(file_id=update["message"]["document"]["file_id"], mime_type="image/png")
        for update in updates
    ]


async def test_pictures_are_fetched_and_are_what_their_bytes_say(
    resolver: InputResolver, telegram: Bot, sandbox: RunningSandbox
) -> None:
    gif, webp = b"GIF89a" + bytes(9), b"RIFF\0\0\0\0WEBPVP8 "
    first, second = await refs(sandbox, gif, webp)
    loaded = await resolver.load_images([first, second], bot=telegram)
    assert loaded == {first.file_id: Image("image/gif", gif), second.file_id: Image("image/webp", webp)}


async def test_of_many_pictures_the_newest_are_fetched(
    resolver: InputResolver, telegram: Bot, sandbox: RunningSandbox
) -> None:
    sent = await refs(sandbox, png(1, 1), png(2, 2), png(3, 3))
    assert list(await resolver.load_images(sent, bot=telegram)) == [ref.file_id for ref in sent[1:]]


async def test_a_picture_that_telegram_hands_out_no_more_is_left_out(
    resolver: InputResolver, telegram: Bot, sandbox: RunningSandbox
) -> None:
    (known,) = await refs(sandbox, png())
    gone = ImageRef(file_id="gone", mime_type="image/png")
    assert list(await resolver.load_images([gone, known], bot=telegram)) == [known.file_id]


@pytest.mark.parametrize("content", [b"\0\0\0\x18ftypheic", png() + bytes(1 << 20)])
async def test_a_picture_that_no_model_looks_at_is_told_of(
    resolver: InputResolver, telegram: Bot, sandbox: RunningSandbox, content: bytes
) -> None:
    with pytest.raises(PictureUnsupportedError):
        await resolver.load_images(await refs(sandbox, content), bot=telegram)
