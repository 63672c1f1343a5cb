"""The Markdown of a model, cleaned and parsed.

The parser is pulldown-cmark (CommonMark and GitHub's tables): linear in time, and never at a loss for what
a model leaves open. Of the library whose parser it is, telegramify-markdown, only the formulas are used: it
drops HTML with the words in it, footnotes of sources and cells beyond a table's head, lets any address be a
link, and draws tables as wide as they come. [telegramify-markdown 1.4.1]
"""

import re
import unicodedata
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pyromark
from pyromark.event import Range

from vitte.bot.formatting.formulas import is_formula
from vitte.bot.formatting.links import allowed_link

Event = Any
"""A string, or a dict with one key: https://monosans.github.io/pyromark ."""


_OPTIONS = (
    pyromark.Options.ENABLE_TABLES | pyromark.Options.ENABLE_STRIKETHROUGH | pyromark.Options.ENABLE_TASKLISTS
)
_WITH_MATH = _OPTIONS | pyromark.Options.ENABLE_MATH
# What Telegram shows as a space, or deletes: deleted, words would grow together and accents be lost.
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u202a-\u202e]")
_LINES = re.compile("\r\n?|[\x85\u2028\u2029]")
_SURROGATES = re.compile("[\ud800-\udfff]")
_RING = "\u030a"
_BRACKETS = re.compile(rb"\\\((?P<inline>[^\n]{1,500}?)\\\)|\\\[(?P<display>.{1,2000}?)\\\]", re.DOTALL)
_MAX_ROUNDS = 4


def clean(text: str) -> str:
    """Return the text without the characters that no message can have."""
    text = _CONTROLS.sub(" ", _LINES.sub("\n", text))
    if not text.isascii():
        text = _SURROGATES.sub("\ufffd", text)
        if _RING in text:
            # Telegram deletes the ring alone, and takes the letter that has one.
            text = unicodedata.normalize("NFC", text)
    return text


class ParserPanicError(Exception):
    """The parser met a fault of its own."""


class Source:
    """A Markdown document: `data` is what was parsed, in UTF-8, and the ranges of `events` are in it."""

    def __init__(self, markdown: str) -> None:
        self.data = clean(markdown).encode()
        self._links: dict[str, tuple[str, str]] = {}
        self._show_definitions()
        self.events = self._parse()

    def byte(self, position: int) -> bytes:
        """Return the byte there, nothing beyond the end."""
        return self.data[position : position + 1]

    def _show_definitions(self) -> None:
        """Keep the lines that say where [1] leads to: a list of sources is to be read, too."""
        if b"]:" not in self.data:
            return
        definitions = pyromark.reference_definitions(self.data.decode(), options=_OPTIONS)
        for label, definition in definitions.items():
            if not label.startswith("^") and allowed_link(definition["dest"]):
                self._links[_folded(label)] = (definition["dest"], "")
        self._escape(definition["span"]["start"] for definition in definitions.values())

    def _parse(self) -> list[tuple[Event, Range]]:
        if b"\\(" in self.data or b"\\[" in self.data:
            self._read_brackets()
        if b"$" not in self.data:
            return self._events(_OPTIONS)
        for _ in range(_MAX_ROUNDS):
            events = self._events(_WITH_MATH)
            prices = list(self._prices(events))
            if not prices:
                return events
            self._escape(prices)
        return self._events(_OPTIONS)

    def _events(self, options: pyromark.Options) -> list[tuple[Event, Range]]:
        resolve = self._resolve if self._links else None
        try:
            return list(
                pyromark.events_with_range(
                    self.data.decode(), options=options, merge_text=True, broken_link_callback=resolve
                )
            )
        except BaseException as error:
            # A panic of Rust is no Exception, and would end more than this answer.
            if type(error).__name__ == "PanicException":
                raise ParserPanicError(str(error)) from error
            raise

    def _resolve(self, link: Any) -> tuple[str, str] | None:
        return self._links.get(_folded(link["reference"]))

    def _escape(self, positions: Iterator[int] | list[int]) -> None:
        bounds = [0, *sorted(positions), len(self.data)]
        self.data = b"\\".join(self.data[start:end] for start, end in pairwise(bounds))

    def _prices(self, events: list[tuple[Event, Range]]) -> Iterator[int]:
        """Yield where dollars stand that begin or end no formula."""
        for event, place in events:
            if isinstance(event, dict) and "InlineMath" in event:
                start, end = place["start"], place["end"]
                if not is_formula(self.data[start + 1 : end - 1], self.byte(end)):
                    yield from (start, end - 1)

    def _read_brackets(self) -> None:
        r"""Write formulas in \( \) and \[ \], which are escaped brackets to Markdown, with dollars."""
        parts, done = [], 0
        code = [
            place
            for event, place in self._events(_OPTIONS)
            if isinstance(event, dict) and ("Code" in event or _is_code_block(event.get("Start")))
        ]
        for place in code:
            parts.append(_BRACKETS.sub(_with_dollars, self.data[done : place["start"]]))
            parts.append(self.data[place["start"] : place["end"]])
            done = place["end"]
        parts.append(_BRACKETS.sub(_with_dollars, self.data[done:]))
        self.data = b"".join(parts)


def _is_code_block(tag: Any) -> bool:
    return isinstance(tag, dict) and "CodeBlock" in tag


def _with_dollars(found: re.Match[bytes]) -> bytes:
    is_display = found["display"] is not None
    content = (found["display"] if is_display else found["inline"]).strip()
    if b"$" in content or b"\n\n" in content or not is_formula(content, b""):
        return found[0]
    return b"$$" + content + b"$$" if is_display else b"$" + content + b"$"


def _folded(label: str) -> str:
    return " ".join(label.split()).casefold()
