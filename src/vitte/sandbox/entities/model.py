"""An entity of a text, and how entities that meet are put in order."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise

from vitte.sandbox.model import Json

SPLITTABLE = ("bold", "italic", "underline", "strikethrough", "spoiler")
QUOTES = frozenset({"blockquote", "expandable_blockquote"})
PRE = frozenset({"pre", "code", "date_time"})
GIVEN_KINDS = frozenset({*SPLITTABLE, *QUOTES, *PRE, "text_link", "text_mention", "custom_emoji"})
"""Kinds that a bot may name itself; the others are found in the text and ignored when they are given."""
# Of entities that begin and end together, the one with the lower number is the outer one.
_PRIORITY = {
    "blockquote": 0,
    "expandable_blockquote": 0,
    "pre": 11,
    "code": 20,
    "date_time": 30,
    "text_link": 49,
    "text_mention": 49,
    "bold": 90,
    "italic": 91,
    "underline": 92,
    "strikethrough": 93,
    "spoiler": 94,
    "custom_emoji": 99,
}
_PRE_WITH_LANGUAGE = 10
_FOUND_IN_TEXT = 50


@dataclass(frozen=True, slots=True)
class Entity:
    """A Telegram `MessageEntity`; offset and length are in UTF-16 units."""

    type: str
    offset: int
    length: int
    url: str = ""
    language: str = ""
    user_id: int = 0
    custom_emoji_id: str = ""
    unix_time: int = 0
    date_time_format: str = ""

    @property
    def end(self) -> int:
        """Return the offset just after the entity."""
        return self.offset + self.length

    @property
    def order(self) -> tuple[int, int, int]:
        """Return the key that sorts outer entities before inner ones."""
        priority = _PRIORITY.get(self.type, _FOUND_IN_TEXT)
        if self.type == "pre" and self.language:
            priority = _PRE_WITH_LANGUAGE
        return (self.offset, -self.length, priority)

    def dump(self, user: Json | None = None) -> Json:
        """Return the Telegram `MessageEntity`; `user` is whom a text_mention means."""
        data: Json = {"offset": self.offset, "length": self.length, "type": self.type}
        if self.url:
            data["url"] = self.url
        if self.language:
            data["language"] = self.language
        if user is not None:
            data["user"] = user
        if self.custom_emoji_id:
            data["custom_emoji_id"] = self.custom_emoji_id
        if self.type == "date_time":
            data["unix_time"] = self.unix_time
            data["date_time_format"] = self.date_time_format
        return data


def utf16_length(text: str) -> int:
    """Return the length of the text in UTF-16 units."""
    if text.isascii():
        return len(text)
    return len(text) + sum(char > "\uffff" for char in text)


def in_order(entities: Iterable[Entity]) -> list[Entity]:
    """Return the entities with outer ones before inner ones."""
    return sorted(entities, key=lambda entity: entity.order)


def arrange(entities: list[Entity], found: list[Entity] | None = None) -> list[Entity]:
    """Return the entities without forbidden crossings and nestings, joined by those `found` in the text.

    Styles are cut where other entities begin and end; they vanish inside code. Of two crossing entities of
    other kinds the first one stays, and none may cross a quotation. What was found gives way to all of them.
    """
    entities = [entity for entity in entities if entity.length > 0]
    quotes = _without_crossings(entity for entity in entities if entity.type in QUOTES)
    others = _without_crossings(
        entity for entity in entities if entity.type not in QUOTES and entity.type not in SPLITTABLE
    )
    others = [entity for entity in others if not _crosses_any(entity, quotes)]
    taken = list(others)
    others += [
        entity
        for entity in found or ()
        if not _crosses_any(entity, quotes) and not any(_overlap(entity, other) for other in taken)
    ]
    frame = in_order([*others, *quotes])
    styles = [entity for entity in entities if entity.type in SPLITTABLE]
    return in_order([*frame, *_cut_styles(styles, frame)]) if styles else frame


def _without_crossings(entities: Iterable[Entity]) -> list[Entity]:
    kept: list[Entity] = []
    end = 0
    for entity in in_order(entities):
        if entity.offset >= end:
            kept.append(entity)
            end = entity.end
    return kept


def _overlap(one: Entity, other: Entity) -> bool:
    return one.offset < other.end and other.offset < one.end


def _crosses_any(entity: Entity, quotes: list[Entity]) -> bool:
    return any(
        _overlap(entity, quote) and not (quote.offset <= entity.offset and entity.end <= quote.end)
        for quote in quotes
    )


def _cut_styles(styles: list[Entity], frame: list[Entity]) -> list[Entity]:
    joined = [entity for kind in SPLITTABLE for entity in _join(kind, styles)]
    cuts = {offset for entity in frame for offset in (entity.offset, entity.end)}
    cuts.update(entity.offset for entity in joined)
    code = [entity for entity in frame if entity.type in PRE]
    pieces = []
    for entity in joined:
        inside = sorted(cut for cut in cuts if entity.offset < cut < entity.end)
        for start, end in pairwise([entity.offset, *inside, entity.end]):
            piece = Entity(entity.type, start, end - start)
            if not any(_overlap(piece, block) for block in code):
                pieces.append(piece)
    return pieces


def _join(kind: str, styles: list[Entity]) -> list[Entity]:
    joined: list[Entity] = []
    for entity in in_order(style for style in styles if style.type == kind):
        last = joined[-1] if joined else None
        if last is None or entity.offset > last.end:
            joined.append(entity)
        elif entity.end > last.end:
            joined[-1] = replace(last, length=entity.end - last.offset)
    return joined
