"""Parts of a text that look different, put in the order that Telegram asks for.

Telegram's rules (https://core.telegram.org/bots/api#formatting-options): entities do not cross; styles may
be anywhere but in code; code, links and quotes are not inside their like.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

QUOTE, PRE, CODE, LINK = "blockquote", "pre", "code", "text_link"
BOLD, ITALIC, UNDERLINE, STRIKE = "bold", "italic", "underline", "strikethrough"
_STYLES = (BOLD, ITALIC, UNDERLINE, STRIKE)
# What Telegram takes for nothing, beside white space. A joiner is part of an emoji.
_BLANKS = frozenset("\u200b\u200c\u200e\u200f\u2800\ufeff")


@dataclass(frozen=True, slots=True)
class Span:
    """What `kind` of entity the characters from `start` to before `end` are."""

    kind: str
    start: int
    end: int
    url: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Formatted:
    """A text of any length with its spans."""

    text: str
    spans: list[Span]


class _Ranges:
    """Spans that do not meet each other, in order."""

    def __init__(self, spans: Iterable[Span]) -> None:
        self.spans = sorted(spans, key=_place)
        self._starts = [span.start for span in self.spans]

    def meeting(self, start: int, end: int) -> list[Span]:
        """Return those that have characters between `start` and `end`."""
        first = bisect_right(self._starts, start) - 1
        if first < 0 or self.spans[first].end <= start:
            first += 1
        return self.spans[first : bisect_left(self._starts, end)]


def arrange(text: str, spans: Iterable[Span]) -> list[Span]:
    """Return the spans in order, without those that Telegram would not show as they are."""
    kinds: dict[str, list[Span]] = {}
    for span in spans:
        kinds.setdefault(span.kind, []).append(span)
    blocks = _Ranges(_outermost(kinds.get(PRE, ())))
    links = [link for link in _outermost(kinds.get(LINK, ())) if not blocks.meeting(link.start, link.end)]
    # A link's label in code is rather a link.
    taken = _Ranges([*blocks.spans, *links])
    codes = [span for span in _outermost(kinds.get(CODE, ())) if not taken.meeting(span.start, span.end)]
    code = _Ranges([*blocks.spans, *codes])
    arranged = [*code.spans, *links, *_outermost(kinds.get(QUOTE, ()))]
    for kind in _STYLES:
        for start, end in _joined(kinds.get(kind, ())):
            arranged += [Span(kind, *part) for part in _without(start, end, code.meeting(start, end))]
    trimmed = (trim(text, span) for span in arranged)
    return sorted((span for span in trimmed if span is not None), key=_place)


def trim(text: str, span: Span) -> Span | None:
    """Return the span without white space at its edges, or None when it holds nothing else."""
    start, end = span.start, span.end
    while start < end and _is_blank(text[start]):
        start += 1
    while end > start and _is_blank(text[end - 1]):
        end -= 1
    if start == end:
        return None
    if span.kind == PRE:
        # Indentation of the first line is part of the code.
        start = max(text.rfind("\n", span.start, start) + 1, span.start)
    return span if (start, end) == (span.start, span.end) else replace(span, start=start, end=end)


def _is_blank(character: str) -> bool:
    return character.isspace() or character in _BLANKS


def _place(span: Span) -> tuple[int, int]:
    return (span.start, -span.end)


def _outermost(spans: Sequence[Span]) -> list[Span]:
    kept: list[Span] = []
    # Of those in the same place, the outer one was closed last.
    closed_last_first = list(reversed(spans))
    for span in sorted(closed_last_first, key=_place):
        if not kept or span.start >= kept[-1].end:
            kept.append(span)
    return kept


def _joined(spans: Iterable[Span]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for span in sorted(spans, key=_place):
        if joined and span.start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], span.end))
        else:
            joined.append((span.start, span.end))
    return joined


def _without(start: int, end: int, holes: list[Span]) -> Iterable[tuple[int, int]]:
    """Yield what is left between `start` and `end` outside of the holes, which are in order."""
    for hole in holes:
        if hole.start > start:
            yield start, hole.start
        start = hole.end
    if start < end:
        yield start, end
