"""Entries are plain data, and what is not an entry of this version is none."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum

import pytest

from vitte.clients.cache.codec import ShapeError, decode, decoder, encode
from vitte.db.models import User


class Mood(StrEnum):
    GOOD = "good"


@dataclass(frozen=True, slots=True)
class Part:
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Whole:
    number: int
    share: float
    text: str
    is_so: bool
    mood: Mood
    parts: tuple[Part, ...]
    part: Part | None
    price: Decimal


WHOLE = Whole(
    1,
    0.5,
    'Ы"\n',
    True,
    Mood.GOOD,
    (Part(datetime(2026, 1, 2, tzinfo=UTC)), Part(None)),
    None,
    Decimal("0.0100"),
)


def test_what_was_stored_comes_back_as_it_was() -> None:
    assert decode(Whole, encode(WHOLE)) == WHOLE
    # Digit by digit: an amount is never a fraction of a binary kind on the way.
    assert str(WHOLE.price).encode() in encode(WHOLE)
    assert decode(Whole, encode(None)) is None


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"\xff\x00",
        b"[]",
        b'"text"',
        b"1",
        b"{}",
        encode(WHOLE).replace(b'"number":1', b'"number":"1"'),
        encode(WHOLE).replace(b'"number":1', b'"number":true'),
        encode(WHOLE).replace(b'"number":1', b'"number":null'),
        encode(WHOLE).replace(b'"number":1', b'"number":1,"later":1'),
        encode(WHOLE).replace(b'"number":1,', b""),
        encode(WHOLE).replace(b"2026-01-02", b"2026-13-02"),
        encode(WHOLE).replace(b'"good"', b'"bad"'),
        encode(WHOLE).replace(b'"part":null', b'"part":7'),
        encode(WHOLE).replace(b"0.5", b'"0.5"'),
        encode(WHOLE).replace(b'"0.0100"', b"0.01"),
        encode(WHOLE).replace(b'"0.0100"', b'"cheap"'),
    ],
)
def test_an_entry_of_another_version_or_none_at_all_is_told_apart(raw: bytes) -> None:
    with pytest.raises(ShapeError):
        decode(Whole, raw)


@pytest.mark.parametrize("value", [User(telegram_id=1), {"a": 1}, "text", object()])
def test_nothing_but_plain_data_is_stored(value: object) -> None:
    with pytest.raises(TypeError):
        encode(value)


@pytest.mark.parametrize("shape", [User, dict[str, int], int | str, object])
def test_a_method_whose_answer_is_no_plain_data_cannot_be_cached(shape: type) -> None:
    with pytest.raises(TypeError):
        decoder(shape)
