"""What of a group is meant for the bot, and what it says."""

from datetime import UTC, datetime
from typing import Any

import pytest
from aiogram.types import Chat, Message, MessageEntity, User

from vitte.assistant.places import Place
from vitte.bot.addressing import addressed_text
from vitte.bot.places import place_of
from vitte.sandbox.entities.detect import find_entities

ME = User(id=42, is_bot=True, first_name="Vitte", username="Vitte_bot", can_read_all_group_messages=False)
ALL_READING = ME.model_copy(update={"can_read_all_group_messages": True})
BEN = User(id=1001, is_bot=False, first_name="Ben")
OTHER = User(id=43, is_bot=True, first_name="Other", username="other_bot")


def said(text: str, *, caption: bool = False, by: User = BEN, **fields: Any) -> Message:
    entities = fields.pop("marked", None) or [
        MessageEntity.model_validate(entity.dump()) for entity in find_entities(text)
    ]
    words: dict[str, Any] = {"caption": text, "caption_entities": entities} if caption else {}
    return Message(
        message_id=7,
        date=datetime(2026, 1, 1, tzinfo=UTC),
        chat=fields.pop("chat", Chat(id=-100, type="supergroup", title="Club")),
        from_user=by,
        **(words or {"text": text, "entities": entities or None}),
        **fields,
    )


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("@vitte_bot what is it?", "what is it?"),
        ("@VITTE_BOT, что это?", "что это?"),
        ("Hi @vitte_bot what is it?", "Hi what is it?"),
        ("what is it, @vitte_bot", "what is it,"),
        ("🎄🎄 @vitte_bot 🎁?", "🎄🎄 🎁?"),
        ("@vitte_bot: @anna asks /help @vitte_bot", "@anna asks /help"),
        ("@vitte_bot", ""),
        ("@vitte_bot —", ""),
        ("/ask@vitte_bot what is it?", "what is it?"),
        ("/ask@Vitte_Bot\nwhat\nis it?", "what\nis it?"),
        ("/ask what is it?", "what is it?"),
        ("/ASK@vitte_bot", ""),
        ("/help@vitte_bot", "/help@vitte_bot"),
        ("/help", "/help"),
        ("/weather@vitte_bot", "/weather@vitte_bot"),
        ("what is it?", None),
        ("@vitte_bots what is it?", None),
        ("mail@vitte_bot.com what?", None),
        ("@other_bot what is it?", None),
        ("/ask@other_bot @vitte_bot what?", None),
        ("/help@other_bot", None),
        ("/weather", None),
    ],
)
@pytest.mark.parametrize("caption", [False, True])
def test_what_names_the_bot_is_for_it_and_comes_without_the_name(
    text: str, question: str | None, caption: bool
) -> None:
    assert addressed_text(said(text, caption=caption), ME) == question


def test_a_person_without_a_username_may_name_the_bot_by_its_name() -> None:
    marked = [MessageEntity(type="text_mention", offset=3, length=5, user=ME)]
    assert addressed_text(said("🎄 Vitte what?", marked=marked), ME) == "🎄 what?"
    assert (
        addressed_text(said("🎄 Other what?", marked=[marked[0].model_copy(update={"user": OTHER})]), ME)
        is None
    )


def test_a_reply_to_the_bot_is_for_it_and_one_to_somebody_else_is_not() -> None:
    mine, theirs = said("You said: hi", by=ME), said("hi", by=BEN)
    assert addressed_text(said("and why?", reply_to_message=mine), ME) == "and why?"
    assert addressed_text(said("and why?", reply_to_message=theirs), ME) is None
    assert addressed_text(said("/help@other_bot", reply_to_message=mine), ME) is None


def test_writing_into_a_topic_that_the_bot_made_is_no_reply_to_it() -> None:
    begun = said("", by=ME, forum_topic_created={"name": "Cats", "icon_color": 1})
    assert addressed_text(said("and why?", reply_to_message=begun), ME) is None


def test_a_bot_that_reads_everything_leaves_bare_commands_to_whom_they_are_for() -> None:
    assert addressed_text(said("/help"), ALL_READING) is None
    assert addressed_text(said("/help@vitte_bot"), ALL_READING) == "/help@vitte_bot"
    assert addressed_text(said("/help", reply_to_message=said("hi", by=ME)), ALL_READING) == "/help"


PRIVATE = Chat(id=1001, type="private")


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({}, Place(-100)),
        ({"message_thread_id": 5, "is_topic_message": True}, Place(-100, 5)),
        ({"message_thread_id": 5}, Place(-100)),
        ({"chat": PRIVATE}, None),
        ({"chat": PRIVATE, "message_thread_id": 5}, None),
        ({"chat": PRIVATE, "message_thread_id": 5, "is_topic_message": True}, Place(1001, 5)),
    ],
)
def test_a_group_and_a_topic_are_places_of_their_own(fields: dict[str, Any], place: Place | None) -> None:
    assert place_of(said("hi", **fields)) == place
