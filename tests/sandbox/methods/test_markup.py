"""Keyboards, and the words of their refusals."""

from typing import Any

import pytest

from vitte.sandbox.errors import BotApiError
from vitte.sandbox.methods.markup import check_markup, effective_markup


def inline(*buttons: Any) -> dict[str, Any]:
    return {"inline_keyboard": [list(buttons)]}


@pytest.mark.parametrize(
    ("markup", "reason"),
    [
        (inline({"text": "x", "callback_data": "я" * 33}), "BUTTON_DATA_INVALID"),
        (
            inline({"text": "x", "callback_data": ""}),
            "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
        ),
        (
            inline({"text": "x"}),
            "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
        ),
        (inline({"callback_data": "x"}), "can't parse inline keyboard button: Can't find field \"text\""),
        (inline("x"), "can't parse inline keyboard button: InlineKeyboardButton must be an Object"),
        (inline({"text": "", "callback_data": "x"}), "inline keyboard button text must be non-empty"),
        (
            inline({"text": "x", "url": "localhost"}),
            "inline keyboard button URL 'localhost' is invalid: Wrong HTTP URL",
        ),
        (
            inline({"text": "x", "url": "mail://a.bc"}),
            "inline keyboard button URL 'mail://a.bc' is invalid: Unsupported URL protocol",
        ),
        (
            {"inline_keyboard": [{"text": "x"}]},
            'field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays',
        ),
        ({"keyboard": ["x"]}, 'field "keyboard" must be an Array of Arrays'),
        ({"keyboard": [[""]]}, "keyboard button text must be non-empty"),
        (inline(*[{"text": "x", "callback_data": "x"}] * 101), "reply markup is too long"),
        ([], "object expected as reply markup"),
    ],
)
def test_wrong_keyboard_is_refused_in_telegrams_words(markup: Any, reason: str) -> None:
    with pytest.raises(BotApiError) as caught:
        check_markup(markup)
    assert caught.value.description == f"Bad Request: {reason}"


@pytest.mark.parametrize(
    "button",
    [
        {"text": "x", "callback_data": "x" * 64},
        {"text": "x", "url": "https://example.com"},
        {"text": "x", "url": "tg://user?id=1"},
        {"text": "x", "web_app": {"url": "https://example.com"}},
        {"text": "x", "copy_text": {"text": "y"}},
        {"text": "x", "switch_inline_query": ""},
    ],
)
def test_every_kind_of_button_is_taken(button: dict[str, Any]) -> None:
    check_markup(inline(button))
    assert effective_markup(inline(button)) is not None


def test_address_of_a_button_comes_back_as_telegram_writes_it() -> None:
    markup = effective_markup(inline({"text": "x", "url": "Example.com", "callback_data": None}))
    assert markup == inline({"text": "x", "url": "http://example.com/"})


@pytest.mark.parametrize("markup", [{"inline_keyboard": []}, {"inline_keyboard": [[]]}, {}, None])
def test_empty_keyboard_is_none(markup: dict[str, Any] | None) -> None:
    assert effective_markup(markup) is None
