"""Recordings, albums and quotes, there and back."""

from typing import Any

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import (
    BufferedInputFile,
    InputMediaAudio,
    InputMediaDocument,
    InputMediaPhoto,
    Message,
    ReplyParameters,
)

from tests.sandbox.pictures import png
from tests.sandbox.recordings import mp3, mp4, opus
from vitte.sandbox.client import SandboxPerson, SandboxRefusedError
from vitte.sandbox.testing import RunningSandbox


def upload(content: bytes, name: str = "file") -> BufferedInputFile:
    return BufferedInputFile(content, name)


async def last_message(bot: Bot) -> Message:
    message = (await bot.get_updates())[-1].message
    assert message is not None
    return message


async def test_voice_of_a_person_has_its_length_and_is_downloaded_by_the_bot(
    bot: Bot, anna: SandboxPerson
) -> None:
    sent = await anna.send_voice(opus(3))
    assert (sent["media_kind"], sent["media_duration"]) == ("voice", 3)
    assert await anna.download(sent["media_url"]) == opus(3)
    voice = (await last_message(bot)).voice
    assert voice is not None
    assert (voice.duration, voice.mime_type, voice.file_size) == (3, "audio/ogg", len(opus(3)))
    file = await bot.get_file(voice.file_id)
    assert file.file_path is not None
    assert file.file_path.startswith("voice/")


async def test_music_and_video_messages_come_with_what_they_are(bot: Bot, anna: SandboxPerson) -> None:
    await anna.send_audio(mp3(), name="song.mp3", caption="listen")
    audio = await last_message(bot)
    assert audio.audio is not None
    assert (audio.audio.file_name, audio.audio.mime_type, audio.caption) == (
        "song.mp3",
        "audio/mpeg",
        "listen",
    )
    await anna.send_video_note(mp4())
    note = (await last_message(bot)).video_note
    assert note is not None
    assert note.length == 240


async def test_what_no_client_would_record_is_refused_of_people(anna: SandboxPerson) -> None:
    with pytest.raises(SandboxRefusedError, match="Opus in OGG"):
        await anna.send_voice(mp3())
    with pytest.raises(SandboxRefusedError, match="is an MP4"):
        await anna.send_video_note(opus())


async def test_bots_voice_is_a_voice_only_as_opus_mp3_or_m4a(bot: Bot, anna: SandboxPerson) -> None:
    assert (await bot.send_voice(anna.id, upload(opus()))).voice is not None
    assert (await bot.send_voice(anna.id, upload(mp3()))).voice is not None
    assert (await bot.send_voice(anna.id, upload(b"\0\0\0\x18ftypM4A \0"))).voice is not None
    wav = await bot.send_voice(anna.id, upload(b"RIFF\0\0\0\0WAVE", "a.wav"))
    assert (wav.voice, wav.document is not None) == (None, True)
    seen = await anna.wait_for_message(lambda message: message.get("media_kind") == "voice")
    assert await anna.download(seen["media_url"]) == opus()


async def test_bots_recording_can_be_sent_again_forwarded_and_copied(bot: Bot, anna: SandboxPerson) -> None:
    first = await bot.send_video_note(anna.id, upload(mp4()), duration=5)
    assert first.video_note is not None
    assert first.video_note.duration == 5
    again = await bot.send_video_note(anna.id, first.video_note.file_id)
    forwarded = await bot.forward_message(anna.id, anna.id, first.message_id)
    assert again.video_note == forwarded.video_note == first.video_note
    copied = await bot.copy_message(anna.id, anna.id, first.message_id)
    seen = await anna.wait_for_message(lambda message: message["message_id"] == copied.message_id)
    assert seen["media_kind"] == "video_note"
    with pytest.raises(TelegramBadRequest, match="can't use file of type VideoNote as Audio"):
        await bot.send_audio(anna.id, first.video_note.file_id)


async def test_album_of_a_person_is_one_group_in_ascending_order(bot: Bot, anna: SandboxPerson) -> None:
    sent = await anna.send_album([(f"{side}.png", png(side, side)) for side in (2, 3, 4)], caption="three")
    updates = [update.message for update in (await bot.get_updates())[-3:]]
    parts = [message for message in updates if message is not None]
    assert [part.message_id for part in parts] == [message["message_id"] for message in sent]
    assert [part.message_id for part in parts] == sorted(part.message_id for part in parts)
    assert {part.media_group_id for part in parts} == {sent[0]["media_group_id"]}
    assert [part.caption for part in parts] == ["three", None, None]
    assert [part.photo[-1].width for part in parts if part.photo] == [2, 3, 4]
    other = await anna.send_album([("a.txt", b"a"), ("b.txt", b"b")], kind="document")
    assert other[0]["media_group_id"] != sent[0]["media_group_id"]


@pytest.mark.parametrize("count", [1, 11])
async def test_album_of_one_or_of_eleven_is_none(anna: SandboxPerson, count: int) -> None:
    with pytest.raises(SandboxRefusedError, match="2 to 10"):
        await anna.send_album([("a.txt", b"a")] * count, kind="document")


async def test_album_of_the_bot_arrives_whole_and_alone_is_no_album(bot: Bot, anna: SandboxPerson) -> None:
    known = (await bot.send_photo(anna.id, upload(png(9, 9)))).photo
    assert known is not None
    album = await bot.send_media_group(
        anna.id,
        [
            InputMediaPhoto(media=upload(png(2, 2)), caption="<b>two</b>", parse_mode="HTML"),
            InputMediaPhoto(media=known[-1].file_id),
        ],
    )
    assert [message.photo[-1].width for message in album if message.photo] == [2, 9]
    assert len({message.media_group_id for message in album}) == 1
    assert album[0].media_group_id is not None
    assert album[0].caption == "two"
    seen = await anna.wait_for_message("two")
    assert seen["media_group_id"] == album[0].media_group_id
    (alone,) = await bot.send_media_group(anna.id, [InputMediaPhoto(media=upload(png()))])
    assert alone.media_group_id is None


@pytest.mark.parametrize(
    ("media", "reason"),
    [
        ([], "there are no messages to send"),
        ([InputMediaPhoto(media="x")] * 11, "too many messages to send as an album"),
        (
            [InputMediaDocument(media="x"), InputMediaPhoto(media="x")],
            "document can't be mixed with other media types",
        ),
        (
            [InputMediaAudio(media="x"), InputMediaPhoto(media="x")],
            "audio can't be mixed with other media types",
        ),
        ([InputMediaPhoto(media="attach://none")] * 2, "can't parse InputMedia: media not found"),
    ],
)
async def test_wrong_album_is_refused_in_telegrams_words(
    bot: Bot, anna: SandboxPerson, media: list[Any], reason: str
) -> None:
    with pytest.raises(TelegramBadRequest) as caught:
        await bot.send_media_group(anna.id, media)
    assert caught.value.message == f"Bad Request: {reason}"


async def test_quote_of_a_person_says_where_it_stands(bot: Bot, anna: SandboxPerson) -> None:
    said = await bot.send_message(anna.id, "🎉 bread and butter")
    await anna.send("which?", reply_to=said.message_id, quote="butter")
    message = await last_message(bot)
    assert message.quote is not None
    assert (message.quote.text, message.quote.position, message.quote.is_manual) == ("butter", 13, True)
    assert message.reply_to_message is not None
    assert message.reply_to_message.text == "🎉 bread and butter"
    with pytest.raises(SandboxRefusedError, match="400"):
        await anna.send("which?", reply_to=said.message_id, quote="jam")


async def test_quote_of_the_bot_must_be_a_part_of_the_message(bot: Bot, anna: SandboxPerson) -> None:
    said = await anna.send("bread and butter")
    parameters = ReplyParameters(message_id=said["message_id"], quote="butter")
    answer = await bot.send_message(anna.id, "yes", reply_parameters=parameters)
    assert answer.quote is not None
    assert answer.quote.position == 10
    assert (await anna.wait_for_message("yes"))["quote"]["text"] == "butter"
    with pytest.raises(TelegramBadRequest, match="QUOTE_TEXT_INVALID"):
        await bot.send_message(
            anna.id, "no", reply_parameters=ReplyParameters(message_id=said["message_id"], quote="jam")
        )


async def test_forward_of_a_person_names_its_origin(
    bot: Bot, sandbox: RunningSandbox, anna: SandboxPerson
) -> None:
    await anna.forward("news", origin={"type": "hidden_user", "sender_user_name": "Carl"})
    origin = (await last_message(bot)).forward_origin
    assert origin is not None
    assert origin.type == "hidden_user"
    with pytest.raises(SandboxRefusedError, match="400"):
        await anna.forward("news", origin={"type": "nobody"})
