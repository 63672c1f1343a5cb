"""Checks keyboards the way Telegram does, in its words."""

from typing import Any

from vitte.sandbox.entities.links import WrongLinkError, check_link, linked_user
from vitte.sandbox.errors import BotApiError, bad_request
from vitte.sandbox.model import Json

_CALLBACK_DATA_LIMIT = 64
# Not published; this many buttons are refused with this text.
_BUTTON_LIMIT = 100
_BUTTON_KINDS = (
    "callback_game",
    "pay",
    "switch_inline_query",
    "switch_inline_query_chosen_chat",
    "switch_inline_query_current_chat",
    "login_url",
    "web_app",
    "copy_text",
)


def check_markup(markup: Any) -> None:
    """Raise `BotApiError` when this is no reply markup."""
    if not isinstance(markup, dict):
        raise bad_request("Object expected as reply markup")
    if (rows := markup.get("inline_keyboard")) is not None:
        _check_rows(rows, "inline_keyboard", "InlineKeyboardMarkup", _check_inline_button)
    if (rows := markup.get("keyboard")) is not None:
        _check_rows(rows, "keyboard", "", _check_reply_button)


def effective_markup(markup: Json | None) -> Json | None:
    """Return the markup that has an effect: an empty keyboard is none."""
    if markup is None:
        return None
    kept = {name: value for name, value in markup.items() if value is not None}
    if kept.get("keyboard"):
        return kept
    if kept.get("inline_keyboard"):
        rows = [[_kept_button(button) for button in row] for row in kept["inline_keyboard"] if row]
        return {"inline_keyboard": rows} if rows else None
    return kept if kept.get("remove_keyboard") or kept.get("force_reply") else None


def _kept_button(button: Json) -> Json:
    kept = {name: value for name, value in button.items() if value is not None}
    if (url := kept.get("url")) and not linked_user(url):
        kept["url"] = check_link(url)
    return kept


def _check_rows(rows: Any, field: str, owner: str, check: Any) -> None:
    of_owner = f" of the {owner}" if owner else ""
    if not isinstance(rows, list):
        raise bad_request(f'Field "{field}" must be of type Array')
    buttons = 0
    for row in rows:
        if not isinstance(row, list):
            raise bad_request(f'Field "{field}"{of_owner} must be an Array of Arrays')
        for button in row:
            check(button)
            buttons += 1
    if buttons > _BUTTON_LIMIT:
        raise bad_request("reply markup is too long")


def _inline_error(reason: str) -> BotApiError:
    return bad_request(f"Can't parse inline keyboard button: {reason}")


def _check_inline_button(button: Any) -> None:
    if not isinstance(button, dict):
        raise _inline_error("InlineKeyboardButton must be an Object")
    if "text" not in button:
        raise _inline_error('Can\'t find field "text"')
    if not button["text"]:
        raise bad_request("Inline keyboard button text must be non-empty")
    if url := button.get("url"):
        _check_url(str(url))
    elif data := button.get("callback_data"):
        if len(str(data).encode()) > _CALLBACK_DATA_LIMIT:
            raise bad_request("BUTTON_DATA_INVALID")
    elif not any(button.get(kind) is not None for kind in _BUTTON_KINDS):
        raise _inline_error("Text buttons are unallowed in the inline keyboard")


def _check_url(url: str) -> None:
    if linked_user(url):
        return
    try:
        check_link(url)
    except WrongLinkError as error:
        raise bad_request(f"inline keyboard button URL '{url}' is invalid: {error}") from None


def _check_reply_button(button: Any) -> None:
    if isinstance(button, str):
        text = button
    elif isinstance(button, dict):
        if "text" not in button:
            raise bad_request("Can't parse keyboard button: Can't find field \"text\"")
        text = str(button["text"])
    else:
        raise bad_request("Can't parse keyboard button: KeyboardButton must be a String or an Object")
    if not text:
        raise bad_request("Keyboard button text must be non-empty")
