"""Messages of every kind, read."""

from typing import Any

import pytest
from aiogram.types import Message

from vitte.bot.input.reading import is_question, not_taken, read, together
from vitte.bot.input.schemas import DocumentRef, ImageRef, Input, VoiceRef

PERSON = {"id": 5, "is_bot": False, "first_name": "Anna"}
BOT = {"id": 42, "is_bot": True, "first_name": "Vitte"}
CHAT = {"id": 5, "type": "private", "first_name": "Anna"}


def file(**more: Any) -> dict[str, Any]:
    return {"file_id": "F", "file_unique_id": "U", "file_size": 9, **more}


def raw(**content: Any) -> dict[str, Any]:
    return {"message_id": 1, "date": 1, "chat": CHAT, "from": PERSON, **content}


def message(**content: Any) -> Message:
    return Message.model_validate(raw(**content))


VENUE = {"location": {"latitude": 55.75, "longitude": 37.61}, "title": "Café", "address": "Main street 1"}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"text": "hello"}, Input(text="hello")),
        (
            {"voice": file(duration=3, mime_type="audio/ogg")},
            Input(voice=VoiceRef(file_id="F", mime_type="audio/ogg", duration=3, size=9)),
        ),
        (
            {"audio": file(duration=3, mime_type="audio/mpeg"), "caption": "what song?"},
            Input(
                text="what song?",
                voice=VoiceRef(file_id="F", mime_type="audio/mpeg", duration=3, size=9),
            ),
        ),
        (
            {"video_note": file(duration=3, length=240)},
            Input(voice=VoiceRef(file_id="F", mime_type="video/mp4", duration=3, size=9)),
        ),
        (
            {"document": file(file_name="a.pdf", mime_type="application/pdf"), "caption": "sum it up"},
            Input(
                text="sum it up",
                documents=(DocumentRef(file_id="F", name="a.pdf", mime_type="application/pdf", size=9),),
            ),
        ),
        (
            {"document": file(file_name="a.png", mime_type="image/png")},
            Input(images=(ImageRef(file_id="F", mime_type="image/png"),)),
        ),
        (
            {"document": file(file_name="a.svg", mime_type="image/svg+xml")},
            Input(documents=(DocumentRef(file_id="F", name="a.svg", mime_type="image/svg+xml", size=9),)),
        ),
        (
            {"location": {"latitude": 55.75, "longitude": 37.61}},
            Input(text="[Location: 55.750000, 37.610000]"),
        ),
        (
            {"location": VENUE["location"], "venue": VENUE},
            Input(text="[Place: Café, Main street 1 (55.750000, 37.610000)]"),
        ),
        (
            {"contact": {"phone_number": "+100", "first_name": "Ben", "last_name": "Lee"}},
            Input(text="[Contact: Ben Lee +100]"),
        ),
        ({"dice": {"emoji": "🎲", "value": 5}}, Input(text="🎲 5")),
        (
            {
                "sticker": file(
                    type="regular", width=1, height=1, is_animated=False, is_video=False, emoji="😀"
                )
            },
            Input(text="😀"),
        ),
    ],
)
def test_what_people_send_becomes_what_is_asked(content: dict[str, Any], expected: Input) -> None:
    assert read(message(**content)) == expected
    assert is_question(message(**content))
    assert not_taken(message(**content)) is None


@pytest.mark.parametrize(
    ("sides", "chosen"),
    [
        ([(90, 67), (320, 240), (800, 600), (1280, 960), (2560, 1920)], 1280),
        ([(90, 67)], 90),
        ([(3000, 2000), (2000, 1000)], 2000),
    ],
)
def test_of_a_photo_the_size_is_taken_that_shows_enough(sides: list[tuple[int, int]], chosen: int) -> None:
    photo = [file(width=width, height=height) | {"file_id": str(width)} for width, height in sides]
    (image,) = read(message(photo=photo)).images
    assert (image.file_id, image.width, image.mime_type) == (str(chosen), chosen, "image/jpeg")


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ({"video": file(width=1, height=1, duration=1), "caption": "look"}, "video"),
        (
            {"animation": file(width=1, height=1, duration=1), "document": file(mime_type="video/mp4")},
            "animation",
        ),
        ({"story": {"chat": CHAT, "id": 1}}, "story"),
    ],
)
def test_what_cannot_be_taken_is_named_and_no_question(content: dict[str, Any], kind: str) -> None:
    assert not_taken(message(**content)) == kind
    assert not is_question(message(**content))


def test_what_telegram_itself_says_in_a_chat_is_neither_question_nor_refused() -> None:
    pinned = message(pinned_message=raw(text="pinned"))
    assert not is_question(pinned)
    assert not_taken(pinned) is None
    assert not is_question(message(text="  \n"))


@pytest.mark.parametrize(
    ("content", "quoted", "by_bot"),
    [
        ({"reply_to_message": raw(text="bread", **{"from": BOT})}, "bread", True),
        ({"reply_to_message": raw(caption="bread", photo=[file(width=1, height=1)])}, "bread", False),
        (
            {
                "reply_to_message": raw(text="bread and butter", **{"from": BOT}),
                "quote": {"text": "butter", "position": 10},
            },
            "butter",
            True,
        ),
        ({"quote": {"text": "of another chat", "position": 0}}, "of another chat", False),
        ({"reply_to_message": raw(document=file(file_name="a.pdf"))}, "[File: a.pdf]", False),
        ({"reply_to_message": raw(voice=file(duration=1))}, "[voice]", False),
        ({"reply_to_message": raw(text="x" * 1001)}, "x" * 1000 + "…", False),
        (
            {"reply_to_message": raw(forum_topic_created={"name": "News", "icon_color": 1})},
            None,
            False,
        ),
    ],
)
def test_what_is_replied_to_is_quoted(content: dict[str, Any], quoted: str | None, by_bot: bool) -> None:
    found = read(message(text="which?", **content))
    assert (found.quoted, found.quotes_bot) == (quoted, by_bot)


def test_who_asks_about_a_picture_by_replying_to_it_shows_it() -> None:
    replied = raw(photo=[file(width=1, height=1)])
    assert read(message(text="what is it?", reply_to_message=replied)).images
    own = file(width=2, height=2) | {"file_id": "own"}
    (image,) = read(message(photo=[own], reply_to_message=replied)).images
    assert image.file_id == "own"


@pytest.mark.parametrize(
    ("origin", "name"),
    [
        ({"type": "user", "sender_user": {**PERSON, "last_name": "Lee"}}, "Anna Lee"),
        ({"type": "hidden_user", "sender_user_name": "Carl"}, "Carl"),
        ({"type": "chat", "sender_chat": {"id": -1, "type": "group", "title": "Friends"}}, "Friends"),
        (
            {"type": "channel", "chat": {"id": -2, "type": "channel", "title": "News"}, "message_id": 1},
            "News",
        ),
    ],
)
def test_who_said_it_first_is_named(origin: dict[str, Any], name: str) -> None:
    assert read(message(text="x", forward_origin={"date": 1, **origin})).forwarded_from == name


def test_the_parts_of_an_album_are_one() -> None:
    parts = [
        message(photo=[file(width=side, height=side) | {"file_id": str(side)}], **caption)
        for side, caption in ((1, {"caption": "both"}), (2, {}))
    ]
    found = together(parts)
    assert (found.text, [image.file_id for image in found.images]) == ("both", ["1", "2"])
