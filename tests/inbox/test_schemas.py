"""Which chat an update belongs to."""

from typing import Any

import pytest

from vitte.db.models import UpdateLane
from vitte.inbox.schemas import NotAnUpdateError, read_update, type_of

PERSON = {"id": 1001, "is_bot": False, "first_name": "A"}
GROUP = {"id": -5, "type": "group"}


@pytest.mark.parametrize(
    ("content", "key"),
    [
        ({"message": {"chat": GROUP, "from": PERSON}}, -5),
        ({"callback_query": {"id": "1", "from": PERSON, "message": {"chat": GROUP, "from": PERSON}}}, -5),
        ({"callback_query": {"id": "1", "from": PERSON, "inline_message_id": "x"}}, 1001),
        ({"pre_checkout_query": {"id": "1", "from": PERSON}}, 1001),
        ({"my_chat_member": {"chat": GROUP, "from": PERSON}}, -5),
        ({"message_reaction": {"chat": GROUP, "user": PERSON}}, -5),
        ({"poll_answer": {"poll_id": "1", "user": PERSON}}, 1001),
        ({"poll": {"id": "1"}}, 7),
        ({"message": "not an object"}, 7),
        ({"message": {"chat": {"id": "not a number"}}}, 7),
        ({}, 7),
    ],
)
def test_updates_of_one_chat_share_a_key_and_stay_in_order(content: dict[str, Any], key: int) -> None:
    assert read_update({"update_id": 7, **content}).order_key == key


@pytest.mark.parametrize(
    "raw",
    [
        b"{",
        b"[]",
        b"{}",
        b'{"update_id": "7"}',
        b"null",
        b"",
        b'{"update_id": true}',
        b'{"update_id": 99999999999999999999}',
    ],
)
def test_what_is_no_update_is_refused_before_it_is_stored(raw: bytes) -> None:
    with pytest.raises(NotAnUpdateError):
        read_update(raw)


def test_a_character_that_jsonb_would_refuse_is_kept() -> None:
    update = read_update(b'{"update_id": 7, "message": {"text": "a\\u0000b"}}')
    assert r"a\u0000b" in update.payload


@pytest.mark.parametrize(
    "text", ['"\\ud83d half of a pair"', "NaN", "123456789012345678901234567890", "1e400"]
)
def test_json_that_fast_readers_refuse_is_stored_all_the_same(text: str) -> None:
    raw = f'{{"update_id": 7, "message": {{"text": {text}}}}}'
    update = read_update(raw.encode())
    assert update.update_id == 7
    update.payload.encode("utf-8")


@pytest.mark.parametrize(
    ("content", "lane"),
    [
        ({"pre_checkout_query": {"id": "1"}}, UpdateLane.FAST),
        ({"callback_query": {"id": "1"}}, UpdateLane.FAST),
        ({"callback_query": {"id": "1", "data": "dialog:list:0:0"}}, UpdateLane.FAST),
        ({"callback_query": {"id": "1", "data": "ask:explain"}}, UpdateLane.ORDINARY),
        ({"callback_query": {"id": "1", "data": "asking"}}, UpdateLane.FAST),
        ({"callback_query": {"id": "1", "data": "say"}}, UpdateLane.ORDINARY),
        ({"callback_query": {"id": "1", "data": 7}}, UpdateLane.FAST),
        ({"stopped_message_generation": {"draft_id": 1}}, UpdateLane.FAST),
        ({"message": {"text": "/cancel"}}, UpdateLane.FAST),
        ({"message": {"text": "/Stop@vitte_bot now"}}, UpdateLane.FAST),
        ({"message": {"text": "please /cancel"}}, UpdateLane.ORDINARY),
        ({"message": {"text": "  "}}, UpdateLane.ORDINARY),
        ({"message": {"photo": []}}, UpdateLane.ORDINARY),
    ],
)
def test_what_cannot_wait_for_an_answer_to_end_takes_the_fast_lane(
    content: dict[str, Any], lane: UpdateLane
) -> None:
    assert read_update({"update_id": 7, **content}).lane is lane


@pytest.mark.parametrize(
    ("payload", "kind"),
    [
        ('{"update_id":7,"callback_query":{"id":"1"}}', "callback_query"),
        ('{"message":{},"update_id":7}', "message"),
        ('{"update_id":7,"Made up!":{}}', "other"),
        ('{"update_id":7}', "other"),
        ("", "other"),
    ],
)
def test_an_update_is_counted_under_the_name_that_telegram_has_for_it(payload: str, kind: str) -> None:
    assert type_of(payload) == kind
