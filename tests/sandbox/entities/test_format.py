"""How Telegram cleans a text, and what it says to entities that a bot gives itself."""

from typing import Any

import pytest

from vitte.sandbox.entities.format import format_text
from vitte.sandbox.errors import BotApiError

Json = dict[str, Any]


def formatted(text: str, entities: list[Json] | None = None, mode: str = "") -> tuple[str, list[Json]]:
    result = format_text(text, parse_mode=mode, entities=entities, resolve_user=lambda _: None)
    return result.text, result.entities


def entity(kind: str, offset: int, length: int, **more: Any) -> Json:
    return {"type": kind, "offset": offset, "length": length, **more}


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("  a  b \n\n", "a  b"),
        ("\n \n", ""),
        ("a\r\nb", "a\nb"),
        ("a\tb\x00c", "a b c"),
        ("a\u202eb", "ab"),
        ("я́", "я́"),
    ],
)
def test_text_is_cleaned_and_trimmed(sent: str, kept: str) -> None:
    assert formatted(sent)[0] == kept


def test_entities_move_with_the_trimmed_text() -> None:
    assert formatted("  a b  ", [entity("bold", 4, 3)]) == ("a b", [entity("bold", 2, 1)])


def test_space_inside_the_first_entity_is_not_trimmed() -> None:
    assert formatted("  a", [entity("bold", 1, 2)]) == (" a", [entity("bold", 0, 2)])


def test_entities_move_with_deleted_characters() -> None:
    assert formatted("a\r\nb", [entity("bold", 3, 1)]) == ("a\nb", [entity("bold", 2, 1)])


def test_crossing_styles_are_cut_to_nest() -> None:
    text, entities = formatted("abcdef", [entity("bold", 0, 4), entity("italic", 2, 4)])
    assert text == "abcdef"
    assert entities == [entity("bold", 0, 2), entity("italic", 2, 4), entity("bold", 2, 2)]


def test_found_mention_gives_way_to_given_code() -> None:
    assert formatted("x @anna", [entity("code", 0, 7)])[1] == [entity("code", 0, 7)]


def test_found_kinds_given_by_the_bot_are_ignored() -> None:
    assert formatted("abc", [entity("url", 0, 3), entity("mention", 0, 3)])[1] == []


def test_parse_mode_wins_over_given_entities() -> None:
    assert formatted("<b>a</b>", [entity("italic", 0, 1)], "HTML") == ("a", [entity("bold", 0, 1)])


@pytest.mark.parametrize(
    ("text", "given", "reason"),
    [
        ("abc", entity("bold", 5, 1), "entity begins after the end of the text at UTF-16 offset 5"),
        (
            "abc",
            entity("bold", 1, 5),
            "entity beginning at UTF-16 offset 1 ends after the end of the text at UTF-16 offset 6",
        ),
        ("abc", entity("bold", -1, 1), "receive an entity with incorrect offset -1"),
        ("😀", entity("bold", 1, 1), "entity begins in a middle of a UTF-16 symbol"),
        (
            "abc",
            entity("text_link", 0, 1, url="javascript:alert(1)"),
            "entity Wrong port number specified in the URL",
        ),
        ("abc", entity("text_link", 0, 1, url="https://localhost"), "entity Wrong HTTP URL"),
        ("abc", entity("text_link", 0, 1), "entity URL host is empty"),
        ("abc", {"type": "bold", "offset": 0}, "can't parse MessageEntity: Can't find field \"length\""),
    ],
)
def test_impossible_entities_are_refused(text: str, given: Json, reason: str) -> None:
    with pytest.raises(BotApiError) as caught:
        formatted(text, [given])
    assert caught.value.description == f"Bad Request: {reason}"


def test_unknown_parse_mode_is_refused() -> None:
    with pytest.raises(BotApiError, match="Bad Request: unsupported parse_mode"):
        formatted("a", mode="rtf")


def test_text_over_32_kilobytes_is_refused_before_parsing() -> None:
    with pytest.raises(BotApiError, match="Bad Request: text is too long"):
        formatted("я" * 20_000)


@pytest.mark.parametrize("text", ["\u200b", "\u2800 \u3000", "\u200d\ufeff", "\U000e0001"])
def test_a_text_that_shows_nothing_is_empty(text: str) -> None:
    assert formatted(text, [entity("bold", 0, 1)] if len(text) > 1 else None) == ("", [])


def test_entities_after_the_hundredth_are_left_out_and_links_come_before_styles() -> None:
    text = "a " * 120
    bold = [entity("bold", 2 * number, 1) for number in range(119)]
    link = entity("text_link", 238, 1, url="https://example.com/")
    kept = formatted(text, [*bold, link])[1]
    assert len(kept) == 100
    assert kept[-1] == link


def test_very_long_links_are_refused_together() -> None:
    links = [entity("text_link", 2 * n, 1, url="https://example.com/" + "x" * 1000) for n in range(10)]
    with pytest.raises(BotApiError, match="ENTITIES_TOO_LONG"):
        formatted("a " * 10, links)
