"""From what a bot or a person sends to the text that a chat shows."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from vitte.sandbox.entities.building import ParseError, cannot_parse
from vitte.sandbox.entities.detect import find_entities
from vitte.sandbox.entities.given import check_bounds, is_visible, limited, linked
from vitte.sandbox.entities.html import parse_html
from vitte.sandbox.entities.markdown import parse_markdown
from vitte.sandbox.entities.markdown_v2 import parse_markdown_v2
from vitte.sandbox.entities.model import (
    GIVEN_KINDS,
    Entity,
    arrange,
    utf16_length,
)
from vitte.sandbox.errors import bad_request
from vitte.sandbox.model import Json

TEXT_LIMIT = 4096
"""UTF-16 units of a message's text: https://core.telegram.org/bots/api#sendmessage ."""
CAPTION_LIMIT = 1024
_BYTES_LIMIT = 1 << 15
_PARSERS = {"html": parse_html, "markdown": parse_markdown, "markdownv2": parse_markdown_v2}
_CONTROLS = re.compile(r"[\x00-\x09\x0b\x0c\x0e-\x1f]")
# Line and direction controls, and combining lines that strike through neighbours: the server deletes them.
_DELETED = re.compile("[\r\u2028-\u202e\u0333\u033f\u030a]")
_MARKS_IN_ROW = re.compile("[\u200e\u200f]+(?=[\u200e\u200f])")
ResolveUser = Callable[[int], Json | None]


@dataclass(frozen=True, slots=True)
class FormattedText:
    """A text with the Telegram `MessageEntity` objects that belong to it."""

    text: str
    entities: list[Json]


def format_text(
    text: str,
    *,
    parse_mode: str | None = None,
    entities: list[Any] | None = None,
    resolve_user: ResolveUser,
) -> FormattedText:
    """Return the text as Telegram keeps it: parsed, cleaned, trimmed, with addresses and commands found.

    The result is empty when nothing visible is left. Raises `BotApiError` with Telegram's words.
    """
    if len(text) * 4 > _BYTES_LIMIT and len(text.encode("utf-8", "surrogatepass")) > _BYTES_LIMIT:
        raise bad_request("Text is too long")
    mode = (parse_mode or "").lower()
    given: list[Entity]
    if text and mode not in {"", "none"}:
        parser = _PARSERS.get(mode)
        if parser is None:
            raise bad_request("Unsupported parse_mode")
        try:
            text, given = parser(text)
        except ParseError as error:
            raise cannot_parse(error) from None
    else:
        given = _read_entities(entities or [])
        check_bounds(text, given)
    text, given = _trim(*_clean(text, given))
    if not is_visible(text):
        return FormattedText("", [])
    return FormattedText(text, _dump(limited(arrange(given, find_entities(text))), resolve_user))


def plain_text(text: str) -> FormattedText:
    """Return what a person typed as Telegram keeps it."""
    return format_text(text, resolve_user=lambda _: None)


def _read_entities(entities: list[Any]) -> list[Entity]:
    read = []
    for raw in entities:
        if not isinstance(raw, dict):
            raise bad_request("Can't parse MessageEntity: expected an Object")
        for name in ("type", "offset", "length"):
            if name not in raw:
                raise bad_request(f"Can't parse MessageEntity: Can't find field \"{name}\"")
        if raw["type"] in GIVEN_KINDS:
            read.append(_read_entity(raw))
    return read


def _read_entity(raw: Json) -> Entity:
    user = raw.get("user") or {}
    if raw["type"] == "text_link":
        return linked(int(raw["offset"]), int(raw["length"]), str(raw.get("url") or ""))
    return Entity(
        str(raw["type"]),
        int(raw["offset"]),
        int(raw["length"]),
        language=str(raw.get("language") or ""),
        user_id=int(user.get("id") or 0),
        custom_emoji_id=str(raw.get("custom_emoji_id") or ""),
        unix_time=int(raw.get("unix_time") or 0),
        date_time_format=str(raw.get("date_time_format") or ""),
    )


def _clean(text: str, entities: list[Entity]) -> tuple[str, list[Entity]]:
    if not text.isprintable():
        text = _CONTROLS.sub(" ", text)
        text = _MARKS_IN_ROW.sub(lambda found: "\u200c" * len(found.group()), text)
    if _DELETED.search(text) is None:
        return text, entities
    deleted = [utf16_length(text[: found.start()]) for found in _DELETED.finditer(text)]

    def moved(offset: int) -> int:
        return offset - sum(1 for place in deleted if place < offset)

    shifted = [
        replace(entity, offset=moved(entity.offset), length=moved(entity.end) - moved(entity.offset))
        for entity in entities
    ]
    return _DELETED.sub("", text), [entity for entity in shifted if entity.length > 0]


def _trim(text: str, entities: list[Entity]) -> tuple[str, list[Entity]]:
    """Cut white space: all at the end, and at the beginning what stands before the first entity."""
    text = text.rstrip(" \n")
    if not text:
        return "", []
    length = utf16_length(text)
    entities = [
        replace(entity, length=min(entity.end, length) - entity.offset)
        for entity in entities
        if entity.offset < length and entity.length > 0
    ]
    begin = len(text) - len(text.lstrip(" \n"))
    if entities:
        begin = min(begin, *(entity.offset for entity in entities))
    if begin:
        text = text[begin:]
        entities = [replace(entity, offset=entity.offset - begin) for entity in entities]
    return text, entities


def _dump(entities: list[Entity], resolve_user: ResolveUser) -> list[Json]:
    dumped = []
    for entity in entities:
        user = resolve_user(entity.user_id) if entity.type == "text_mention" else None
        if entity.type == "text_mention" and user is None:
            continue
        dumped.append(entity.dump(user))
    return dumped
