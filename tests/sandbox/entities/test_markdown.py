"""Telegram's old Markdown."""

import pytest

from vitte.sandbox.entities.format import format_text
from vitte.sandbox.errors import BotApiError

Shape = tuple[str, int, int]


def shapes(text: str) -> tuple[str, list[Shape]]:
    result = format_text(text, parse_mode="Markdown", resolve_user=lambda _: None)
    return result.text, [(entity["type"], entity["offset"], entity["length"]) for entity in result.entities]


@pytest.mark.parametrize(
    ("source", "text", "entities"),
    [
        ("*b* _i_ `c`", "b i c", [("bold", 0, 1), ("italic", 2, 1), ("code", 4, 1)]),
        ("1.5 - (ok)!", "1.5 - (ok)!", []),
        ("*_not nested_*", "_not nested_", [("bold", 0, 12)]),
        (r"snake\_case \*", "snake_case *", []),
        ("```\ncode\n```", "code", [("pre", 0, 4)]),
        ("```py\ncode```", "code", [("pre", 0, 4)]),
        ("[t](http://a.bc)", "t", [("text_link", 0, 1)]),
        ("[](http://a.bc)", "(http://a.bc)", [("url", 1, 11)]),
        ("[t](nowhere)", "t", []),
    ],
)
def test_marked_text_becomes_text_and_entities(source: str, text: str, entities: list[Shape]) -> None:
    assert shapes(source) == (text, entities)


@pytest.mark.parametrize(
    ("source", "offset"), [("*b", 0), ("a _i", 2), ("я `c", 3), ("[t", 0), ("```c``", 0), ("snake_case", 5)]
)
def test_unfinished_mark_is_refused_with_its_byte_offset(source: str, offset: int) -> None:
    with pytest.raises(BotApiError) as caught:
        shapes(source)
    reason = f"Can't find end of the entity starting at byte offset {offset}"
    assert caught.value.description == f"Bad Request: can't parse entities: {reason}"
