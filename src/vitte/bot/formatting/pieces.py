"""From a text with spans to messages that Telegram takes."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, replace

from aiogram.types import MessageEntity

from vitte.bot.formatting.spans import CODE, LINK, PRE, QUOTE, Formatted, Span, trim
from vitte.bot.splitting import MAX_MESSAGE, find_cut, head, is_visible, tail, utf16_length

MAX_ENTITIES = 90
"""Telegram ignores the entities of a message after the hundredth, and counts one that others cut as several:
https://github.com/rubenlagus/TelegramBots/issues/854 ."""
MAX_ENTITY_BYTES = 7000
"""A message whose entities take more than about 9,500 bytes is refused:
https://github.com/tdlib/telegram-bot-api/issues/165 ."""
_BYTES_OF_ENTITY = 16
_MIN_SHARE = 3
"""What part of a full message its styles may at most cut it down to."""
_NEED = {LINK: 0, PRE: 1, QUOTE: 2, CODE: 3}


@dataclass(frozen=True, slots=True)
class Piece:
    """One message: its text, and the entities in it as the Bot API counts them."""

    text: str
    entities: list[MessageEntity]


def pieces_of(formatted: Formatted) -> list[Piece]:
    """Cut a text into messages between paragraphs or lines, code blocks in one if possible.

    A span that is cut goes on in the next message. There is no message without anything visible in it.
    """
    return [_piece(part) for part in _parts(formatted) if is_visible(part.text)]


def newest_piece(formatted: Formatted, limit: int = MAX_MESSAGE) -> Piece:
    """Return the end of a text, as much as one message takes."""
    text = tail(formatted.text, limit)
    part = _part(formatted.text, formatted.spans, len(formatted.text) - len(text), len(formatted.text))
    spans, size = [], 0
    for span in reversed(part.spans[-MAX_ENTITIES:]):
        size += _size(span)
        if size <= MAX_ENTITY_BYTES:
            spans.append(span)
    return _piece(Formatted(part.text, spans[::-1]))


def _parts(formatted: Formatted) -> Iterator[Formatted]:
    text, spans = formatted.text, formatted.spans
    blocks = [(span.start, span.end) for span in spans if span.kind == PRE]
    start = 0
    while start < len(text):
        spans = [span for span in spans if span.end > start]
        end = start + len(head(text[start : start + MAX_MESSAGE]))
        end = _within_limits(spans, start, end)
        if end < len(text):
            end = find_cut(text, start, end, [block for block in blocks if block[1] > start])
        part = _part(text, spans, start, end)
        yield Formatted(part.text, _most_needed(part.spans))
        start = end


def _within_limits(spans: list[Span], start: int, end: int) -> int:
    """Return `end`, or where one entity too many begins before it.

    Rather a word that is not bold than many short messages; but a link that is left out leads nowhere.
    """
    least = start + (end - start) // _MIN_SHARE
    links = size = 0
    for count, span in enumerate(spans):
        if span.start >= end:
            break
        if span.kind == LINK:
            links += 1
            size += _size(span)
        if span.start > start and (
            links > MAX_ENTITIES or size > MAX_ENTITY_BYTES or (count >= MAX_ENTITIES and span.start >= least)
        ):
            return span.start
    return end


def _most_needed(spans: list[Span]) -> list[Span]:
    """Return as many spans as a message may have: links before blocks and code, and these before styles."""
    if len(spans) <= MAX_ENTITIES:
        return spans
    kept = sorted(spans, key=lambda span: _NEED.get(span.kind, len(_NEED)))[:MAX_ENTITIES]
    return sorted(kept, key=lambda span: (span.start, -span.end))


def _size(span: Span) -> int:
    return _BYTES_OF_ENTITY + len(span.url.encode()) + len(span.language)


def _part(text: str, spans: list[Span], start: int, end: int) -> Formatted:
    """Return what is between `start` and `end`, without empty lines around it."""
    in_code = any(span.kind == PRE and span.start <= start < span.end for span in spans)
    cut = text[start:end]
    cut = cut.lstrip("\n") if in_code else cut.lstrip()
    start = end - len(cut)
    cut = cut.rstrip()
    if len(cut) == len(text):
        return Formatted(text, spans)
    moved = (
        replace(span, start=max(span.start - start, 0), end=min(span.end - start, len(cut)))
        for span in spans
        if span.start < start + len(cut) and span.end > start
    )
    return Formatted(cut, [kept for span in moved if (kept := trim(cut, span)) is not None])


def _piece(part: Formatted) -> Piece:
    offset = _offsets(part.text)
    entities = []
    for span in part.spans:
        begin = offset(span.start)
        entities.append(
            MessageEntity(
                type=span.kind,
                offset=begin,
                length=offset(span.end) - begin,
                url=span.url or None,
                language=span.language or None,
            )
        )
    return Piece(part.text, entities)


class _offsets:  # noqa: N801 - a function with a memory
    """Tells at which UTF-16 unit a character begins."""

    def __init__(self, text: str) -> None:
        is_plain = utf16_length(text) == len(text)
        self._wide = [] if is_plain else [i for i, character in enumerate(text) if character > "\uffff"]

    def __call__(self, position: int) -> int:
        return position + bisect_left(self._wide, position)
