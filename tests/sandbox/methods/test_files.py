"""Photos and documents, there and back."""

import io
from typing import Any

import aiohttp
import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import BufferedInputFile

from tests.sandbox.pictures import png
from vitte.sandbox.client import SandboxPerson
from vitte.sandbox.testing import TOKEN, RunningSandbox
from vitte.sandbox.timing import ManualClock


def upload(content: bytes, name: str = "photo.png") -> BufferedInputFile:
    return BufferedInputFile(content, name)


async def test_photo_of_the_bot_is_seen_by_the_person(bot: Bot, anna: SandboxPerson) -> None:
    content = png(8, 6)
    sent = await bot.send_photo(anna.id, upload(content), caption="<b>look</b>", parse_mode="HTML")
    seen = await anna.wait_for_message("look")
    assert (seen["photo_width"], seen["photo_height"]) == (8, 6)
    assert seen["entities"] == [{"type": "bold", "offset": 0, "length": 4}]
    assert await anna.download(seen["photo_url"]) == content
    assert sent.photo is not None
    assert (sent.photo[-1].width, sent.photo[-1].height) == (8, 6)
    assert sent.caption_entities is not None
    assert sent.caption_entities[0].type == "bold"


async def test_photo_of_the_person_is_downloaded_by_the_bot(bot: Bot, anna: SandboxPerson) -> None:
    content = png(400, 300)
    await anna.send_photo(content, caption="mine")
    [_, update] = await bot.get_updates()
    assert update.message is not None
    assert update.message.photo is not None
    assert [(size.width, size.height) for size in update.message.photo] == [(320, 240), (400, 300)]
    assert update.message.caption == "mine"
    file = await bot.get_file(update.message.photo[-1].file_id)
    assert file.file_path is not None
    assert file.file_path.startswith("photos/")
    target = io.BytesIO()
    await bot.download_file(file.file_path, target)
    assert target.getvalue() == content


async def test_document_keeps_its_name_and_type(bot: Bot, anna: SandboxPerson) -> None:
    await anna.send_document(b"hello", name="notes.txt", caption="read me")
    [_, update] = await bot.get_updates()
    assert update.message is not None
    document = update.message.document
    assert document is not None
    assert (document.file_name, document.mime_type, document.file_size) == ("notes.txt", "text/plain", 5)
    sent = await bot.send_document(anna.id, document.file_id)
    assert sent.document is not None
    assert sent.document.file_unique_id == document.file_unique_id
    seen = await anna.wait_for_message(lambda message: "document_url" in message)
    assert seen["document_name"] == "notes.txt"
    assert await anna.download(seen["document_url"]) == b"hello"


async def test_sent_photo_can_be_sent_again_by_its_id(bot: Bot, anna: SandboxPerson) -> None:
    first = await bot.send_photo(anna.id, upload(png()))
    assert first.photo is not None
    second = await bot.send_photo(anna.id, first.photo[-1].file_id)
    assert second.photo == first.photo


async def test_file_id_of_another_bot_or_kind_is_refused(
    bot: Bot, sandbox: RunningSandbox, anna: SandboxPerson
) -> None:
    sent = await bot.send_photo(anna.id, upload(png()))
    assert sent.photo is not None
    photo = sent.photo[-1].file_id
    with pytest.raises(TelegramBadRequest, match="can't use file of type Photo as Document"):
        await bot.send_document(anna.id, photo)
    await anna.with_bot(43).send("hi")
    answer = await sandbox.call("sendPhoto", token="43:OTHER", chat_id=anna.id, photo=photo)
    assert answer["description"] == "Bad Request: wrong file identifier/HTTP URL specified"


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ({}, "there is no photo in the request"),
        ({"photo": "attach://nothing"}, "there is no photo in the request"),
        ({"photo": "nonsense"}, "wrong file identifier/HTTP URL specified"),
        ({"photo": "http://127.0.0.1/x.png"}, "failed to get HTTP URL content"),
        ({"photo": "x", "caption": "x" * 1025}, "message caption is too long"),
    ],
)
async def test_wrong_photo_is_refused_in_telegrams_words(
    sandbox: RunningSandbox, anna: SandboxPerson, params: dict[str, Any], reason: str
) -> None:
    answer = await sandbox.call("sendPhoto", chat_id=anna.id, **params)
    assert (answer["error_code"], answer["description"]) == (400, f"Bad Request: {reason}")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "file must be non-empty"),
        (b"no picture", "IMAGE_PROCESS_FAILED"),
        (png(2100, 100), "PHOTO_INVALID_DIMENSIONS"),
        (png(9000, 1001), "PHOTO_INVALID_DIMENSIONS"),
        (
            png() + bytes(10 << 20),
            (
                f"file of size {len(png()) + (10 << 20)} bytes is too big for a photo; "
                "the maximum size is 10485760 bytes"
            ),
        ),
    ],
)
async def test_upload_that_is_no_photo_is_refused(
    bot: Bot, anna: SandboxPerson, content: bytes, reason: str
) -> None:
    with pytest.raises(TelegramBadRequest) as caught:
        await bot.send_photo(anna.id, upload(content))
    assert caught.value.message == f"Bad Request: {reason}"


async def test_file_over_20_megabytes_is_not_downloaded(bot: Bot, anna: SandboxPerson) -> None:
    sent = await bot.send_document(anna.id, upload(bytes((20 << 20) + 1), "big.bin"))
    assert sent.document is not None
    with pytest.raises(TelegramBadRequest, match="Bad Request: file is too big"):
        await bot.get_file(sent.document.file_id)


async def test_unknown_file_id_is_invalid(bot: Bot) -> None:
    with pytest.raises(TelegramBadRequest, match="Bad Request: invalid file_id"):
        await bot.get_file("nonsense")


async def test_unknown_path_is_not_found(sandbox: RunningSandbox) -> None:
    url = f"{sandbox.base_url}/file/bot{TOKEN}/photos/file_999.jpg"
    async with sandbox.session.get(url) as answer:
        assert answer.status == 404
        assert (await answer.json())["ok"] is False


async def test_path_of_a_file_holds_for_an_hour_and_is_given_anew(
    bot: Bot, sandbox: RunningSandbox, anna: SandboxPerson, clock: ManualClock
) -> None:
    sent = await bot.send_document(anna.id, upload(b"hello", "h.txt"))
    assert sent.document is not None
    path = (await bot.get_file(sent.document.file_id)).file_path
    url = f"{sandbox.base_url}/file/bot{TOKEN}/{path}"
    for passed, status in ((3599, 200), (2, 404)):
        clock.advance(passed)
        async with sandbox.session.get(url) as answer:
            assert answer.status == status
    await bot.get_file(sent.document.file_id)
    async with sandbox.session.get(url) as answer:
        assert await answer.read() == b"hello"


async def test_file_sent_under_the_parameters_own_name_is_taken(
    sandbox: RunningSandbox, anna: SandboxPerson
) -> None:
    form = aiohttp.FormData({"chat_id": str(anna.id)})
    form.add_field("document", b"hello", filename="h.txt")
    async with sandbox.session.post(f"{sandbox.base_url}/bot{TOKEN}/sendDocument", data=form) as answer:
        assert (await answer.json())["result"]["document"]["file_size"] == 5


async def test_uploads_are_logged_as_sizes(bot: Bot, sandbox: RunningSandbox, anna: SandboxPerson) -> None:
    await bot.send_photo(anna.id, upload(png(), "p.png"))
    [line] = await sandbox.calls(method="sendPhoto")
    sizes = [value for value in line["params"].values() if isinstance(value, dict)]
    assert sizes == [{"file": "p.png", "size": len(png())}]
