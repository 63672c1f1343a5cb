"""Telegram's MarkdownV2: what becomes formatting, and the words of every refusal."""

import pytest

from vitte.sandbox.entities.format import format_text
from vitte.sandbox.errors import BotApiError

Shape = tuple[str, int, int]


def shapes(text: str) -> tuple[str, list[Shape]]:
    result = format_text(text, parse_mode="MarkdownV2", resolve_user=lambda user_id: {"id": user_id})
    return result.text, [(entity["type"], entity["offset"], entity["length"]) for entity in result.entities]


@pytest.mark.parametrize(
    ("source", "text", "entities"),
    [
        ("*b* _i_ __u__", "b i u", [("bold", 0, 1), ("italic", 2, 1), ("underline", 4, 1)]),
        ("~s~ ||p||", "s p", [("strikethrough", 0, 1), ("spoiler", 2, 1)]),
        ("`c` ```p```", "c p", [("code", 0, 1), ("pre", 2, 1)]),
        ("```py\nx = 1\n```", "x = 1", [("pre", 0, 5)]),
        ("`a*_[b]`", "a*_[b]", [("code", 0, 6)]),
        (r"1\.5 \*not bold\* \\", "1.5 *not bold* \\", []),
        ("_i __iu___", "i iu", [("italic", 0, 2), ("italic", 2, 2), ("underline", 2, 2)]),
        ("[t](https://a.bc)", "t", [("text_link", 0, 1)]),
        (r"[t](https://a.bc/x\)y)", "t", [("text_link", 0, 1)]),
        ("[t](nowhere)", "t", []),
        ("[u](tg://user?id=3)", "u", [("text_mention", 0, 1)]),
        ("![🙂](tg://emoji?id=5)", "🙂", [("custom_emoji", 0, 2)]),
        (">one\n>two\nthree", "one\ntwo\nthree", [("blockquote", 0, 8)]),
        ("a\n>one\n>two||", "a\none\ntwo", [("expandable_blockquote", 2, 7)]),
        (">one||\nx", "one\nx", [("expandable_blockquote", 0, 4)]),
        ("`a\\b` \\я", "ab \\я", [("code", 0, 2)]),
        (">*b* q", "b q", [("blockquote", 0, 3), ("bold", 0, 1)]),
        ("**x", "x", []),
        ("😀*я*", "😀я", [("bold", 2, 1)]),
    ],
)
def test_marked_text_becomes_text_and_entities(source: str, text: str, entities: list[Shape]) -> None:
    assert shapes(source) == (text, entities)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        *(
            (f"a {char}", f"Character '{char}' is reserved and must be escaped with the preceding '\\'")
            for char in ">#+-=|{}.!()]"
        ),
        ("я *b", "Can't find end of Bold entity at byte offset 3"),
        ("`a\n`>q", "Character '>' is reserved and must be escaped with the preceding '\\'"),
        ("_i", "Can't find end of Italic entity at byte offset 0"),
        ("__u", "Can't find end of Underline entity at byte offset 0"),
        ("a ~s", "Can't find end of Strikethrough entity at byte offset 2"),
        ("||p", "Can't find end of Spoiler entity at byte offset 0"),
        ("`c", "Can't find end of Code entity at byte offset 0"),
        ("```c", "Can't find end of Pre entity at byte offset 0"),
        ("```py\nc", "Can't find end of PreCode entity at byte offset 0"),
        ("[t", "Can't find end of TextUrl entity at byte offset 0"),
        ("[t](http://a.bc", "Can't find end of a URL at byte offset 4"),
        ("![e]x", "The entity must contain a tg://emoji or tg://time URL"),
        ("![e](http://a.bc)", "Invalid tg://emoji or tg://time URL specified"),
        (">*q\nx*", "Can't find end of Bold entity at byte offset 1"),
    ],
)
def test_wrong_markdown_is_refused_in_telegrams_words(source: str, reason: str) -> None:
    with pytest.raises(BotApiError) as caught:
        shapes(source)
    assert caught.value.description == f"Bad Request: can't parse entities: {reason}"


def test_language_of_a_code_block_is_kept() -> None:
    result = format_text("```python\nx```", parse_mode="MarkdownV2", resolve_user=lambda _: None)
    assert result.entities == [{"type": "pre", "offset": 0, "length": 1, "language": "python"}]


def test_time_link_becomes_a_date() -> None:
    source = "![then](tg://time?unix=1700000000&format=Dt)"
    result = format_text(source, parse_mode="MarkdownV2", resolve_user=lambda _: None)
    assert result.entities[0]["unix_time"] == 1700000000
    assert result.entities[0]["date_time_format"] == "Dt"
