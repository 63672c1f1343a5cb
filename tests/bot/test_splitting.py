"""Long answers arrive whole, in pieces that Telegram takes."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitte.bot.splitting import MAX_MESSAGE, split, tail, utf16_length

# Nothing that Telegram would not show.
visible = st.one_of(st.characters(categories=["L", "N", "P", "S"]), st.sampled_from(" \n"))


@given(st.text(visible, max_size=400), st.integers(2, 60))
def test_no_word_is_lost_and_no_piece_is_too_long(text: str, limit: int) -> None:
    pieces = split(text, limit)
    assert all(0 < utf16_length(piece) <= limit for piece in pieces)
    assert all(piece.strip() for piece in pieces)
    assert re.sub(r"\s", "", "".join(pieces)) == re.sub(r"\s", "", text)


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("one two", ["one two"]),
        ("first paragraph\n\nsecond one", ["first paragraph", "second one"]),
        ("a line of text\nanother line", ["a line of text", "another line"]),
        ("words that go on and on", ["words that go on and", "on"]),
        ("words that go on for ever", ["words that go on for", "ever"]),
        ("words that are going on", ["words that are going", "on"]),
        ("words that are leading on", ["words that are", "leading on"]),
        ("x" * 30, ["x" * 20, "x" * 10]),
        ("  \n ", []),
    ],
)
def test_a_long_text_is_cut_where_a_reader_would(text: str, pieces: list[str]) -> None:
    assert split(text, 20) == pieces


def test_an_emoji_counts_as_telegram_counts_it_and_is_never_cut_in_half() -> None:
    assert split("😀" * 5, 3) == ["😀"] * 5
    assert tail("a😀😀", 4) == "😀😀"
    assert tail("a😀😀", 3) == "😀"
    assert [len(piece) for piece in split("😀" * 4096)] == [MAX_MESSAGE // 2] * 2
