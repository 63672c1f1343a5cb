"""Telegram's HTML style."""

import re
from dataclasses import dataclass, replace

from vitte.sandbox.entities.building import SPACES, Output, ParseError, byte_offset
from vitte.sandbox.entities.links import is_time_format
from vitte.sandbox.entities.model import Entity, in_order

_STYLES = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "u": "underline",
    "ins": "underline",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
}
_TAGS = {*_STYLES, "a", "pre", "code", "blockquote", "tg-emoji", "tg-time"}
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_REFERENCE = re.compile(r"&(?:#x(?P<hex>[0-9a-fA-F]+)|#(?P<dec>[0-9]+)|(?P<name>[A-Za-z]+));?")
_REFERENCE_MAX = 10
_CODE_POINT_MAX = 0x10FFFF
_SURROGATES = re.compile("[\ud800-\udfff]")
_ATTRIBUTE_NAME = re.compile(rf"[^{SPACES}=>/\"']*")
_NAME_TOKEN = re.compile(r"[A-Za-z0-9.-]*")
_MARKED = re.compile(r"[<&]")


@dataclass(slots=True)
class _Open:
    """A start tag whose end tag is still to come."""

    tag: str
    argument: str
    date: int
    offset: int
    index: int


def parse_html(text: str) -> tuple[str, list[Entity]]:
    """Return the text without its tags, and its entities; raise `ParseError`."""
    return _HtmlParser(text).parse()


class _HtmlParser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0
        self._out = Output()
        self._open: list[_Open] = []

    def parse(self) -> tuple[str, list[Entity]]:
        while self._position < len(self._text):
            char = self._text[self._position]
            if char == "<":
                self._tag()
            elif char == "&":
                self._out.write(self._reference() or self._next())
            else:
                end = _MARKED.search(self._text, self._position)
                stop = end.start() if end is not None else len(self._text)
                self._out.write(self._text[self._position : stop])
                self._position = stop
        if self._open:
            raise ParseError(f'Can\'t find end tag corresponding to start tag "{self._open[-1].tag}"')
        result = self._out.text()
        if _SURROGATES.search(result):
            raise ParseError(
                "Text contains invalid Unicode characters after decoding HTML entities, check for unmatched "
                "surrogate code units"
            )
        # A language is known only when the block of code is whole; lone code has none.
        entities = [
            replace(entity, language="") if entity.type == "code" else entity for entity in self._out.entities
        ]
        return result, in_order(entities)

    def _peek(self) -> str:
        """Return the next character; a zero byte stands for the end, as in the server's strings."""
        return self._text[self._position] if self._position < len(self._text) else "\0"

    def _next(self) -> str:
        char = self._text[self._position]
        self._position += 1
        return char

    def _reference(self) -> str:
        """Read a character reference; return "" and stay when there is none."""
        match = _REFERENCE.match(self._text, self._position)
        if match is None:
            return ""
        if name := match.group("name"):
            char = _NAMED.get(name, "")
        else:
            code = int(match.group("hex"), 16) if match.group("hex") else int(match.group("dec"))
            length = len(match.group().removesuffix(";"))
            char = chr(code) if 0 < code < _CODE_POINT_MAX and length < _REFERENCE_MAX else ""
        if char:
            self._position = match.end()
        return char

    def _skip_spaces(self) -> None:
        while self._position < len(self._text) and self._text[self._position] in SPACES:
            self._position += 1

    def _until(self, stops: str) -> str:
        start = self._position
        while self._position < len(self._text) and self._text[self._position] not in stops:
            self._position += 1
        return self._text[start : self._position]

    def _tag(self) -> None:
        begin = self._position
        self._position += 1
        if self._peek() == "/":
            self._position += 1
            self._end_tag(begin)
        else:
            self._start_tag(begin)

    def _at(self, index: int) -> str:
        return f"at byte offset {byte_offset(self._text, index)}"

    def _start_tag(self, begin: int) -> None:
        tag = self._until(SPACES + ">").lower()
        if self._peek() == "\0":
            raise ParseError(f"Unclosed start tag {self._at(begin)}")
        if tag not in _TAGS:
            raise ParseError(f'Unsupported start tag "{tag}" {self._at(begin)}')
        opened = _Open(tag, "", 0, self._out.units, len(self._out.pieces))
        while True:
            self._skip_spaces()
            if self._peek() == ">":
                break
            self._attribute(opened, begin)
        self._position += 1
        if tag == "span" and opened.argument != "spoiler":
            raise ParseError(f'Tag "span" must have class "tg-spoiler" {self._at(begin)}')
        self._open.append(opened)

    def _attribute(self, opened: _Open, begin: int) -> None:
        match = _ATTRIBUTE_NAME.match(self._text, self._position)
        name = match.group() if match is not None else ""
        self._position += len(name)
        if not name:
            raise ParseError(f'Empty attribute name in the tag "{opened.tag}" {self._at(begin)}')
        self._skip_spaces()
        if self._peek() != "=":
            if self._peek() == "\0":
                raise ParseError(f'Unclosed start tag "{opened.tag}" {self._at(begin)}')
            if (opened.tag, name) == ("blockquote", "expandable"):
                opened.argument = "1"
            return
        self._position += 1
        self._skip_spaces()
        if self._peek() == "\0":
            raise ParseError(f'Unclosed start tag "{opened.tag}" {self._at(begin)}')
        value = self._value()
        if self._peek() == "\0":
            raise ParseError(f"Unclosed start tag {self._at(begin)}")
        _keep_attribute(opened, name, value)

    def _value(self) -> str:
        begin = self._position
        if self._peek() not in "'\"":
            match = _NAME_TOKEN.match(self._text, self._position)
            token = match.group() if match is not None else ""
            self._position += len(token)
            if self._peek() not in SPACES + ">":
                raise ParseError(f"Unexpected end of name token {self._at(begin)}")
            return token.lower()
        quote = self._next()
        chars = []
        while self._peek() not in (quote, "\0"):
            chars.append((self._reference() if self._peek() == "&" else "") or self._next())
        if self._peek() == quote:
            self._position += 1
        return "".join(chars)

    def _end_tag(self, begin: int) -> None:
        if not self._open:
            raise ParseError(f"Unexpected end tag {self._at(begin)}")
        name = self._until(SPACES + ">").lower()
        self._skip_spaces()
        if self._peek() != ">":
            raise ParseError(f"Unclosed end tag {self._at(begin)}")
        self._position += 1
        opened = self._open[-1]
        if name and name != opened.tag:
            raise ParseError(
                f'Unmatched end tag {self._at(begin)}, expected "</{opened.tag}>", found "</{name}>"'
            )
        if self._out.units > opened.offset:
            self._close(opened)
        self._open.pop()

    def _close(self, opened: _Open) -> None:
        tag = opened.tag
        if tag in _STYLES:
            self._out.add(_STYLES[tag], opened.offset)
        elif tag == "a":
            self._out.add_link(opened.offset, opened.argument or self._out.since(opened.index))
        elif tag == "blockquote":
            self._out.add("expandable_blockquote" if opened.argument else "blockquote", opened.offset)
        elif tag == "tg-emoji":
            self._close_emoji(opened)
        elif tag == "tg-time":
            self._close_time(opened)
        else:
            self._close_code(opened)

    def _close_code(self, opened: _Open) -> None:
        """End code or pre: the two together, one in the other, are a block with a language."""
        entities = self._out.entities
        last = entities[-1] if entities else None
        inner = "code" if opened.tag == "pre" else "pre"
        if (
            last is not None
            and last.type == inner
            and last.offset == opened.offset
            and last.end == self._out.units
        ):
            language = last.language if opened.tag == "pre" else opened.argument
            if language:
                entities[-1] = replace(last, type="pre", language=language)
                return
        self._out.add(opened.tag, opened.offset, language=opened.argument)

    def _close_emoji(self, opened: _Open) -> None:
        if not opened.argument.lstrip("-").isdecimal() or not int(opened.argument):
            raise ParseError("Invalid custom emoji identifier specified")
        length = self._out.units - opened.offset
        self._out.entities.append(
            Entity("custom_emoji", opened.offset, length, custom_emoji_id=opened.argument)
        )

    def _close_time(self, opened: _Open) -> None:
        if not is_time_format(opened.argument):
            raise ParseError("Invalid date-time format specified")
        if opened.date > 0:
            length = self._out.units - opened.offset
            self._out.entities.append(
                Entity(
                    "date_time",
                    opened.offset,
                    length,
                    unix_time=opened.date,
                    date_time_format=opened.argument,
                )
            )


def _keep_attribute(opened: _Open, name: str, value: str) -> None:
    match opened.tag, name:
        case ("a", "href") | ("tg-emoji", "emoji-id") | ("tg-time", "format"):
            opened.argument = value
        case "code", "class" if value.startswith("language-"):
            opened.argument = value.removeprefix("language-")
        case "span", "class" if value.startswith("tg-"):
            opened.argument = value.removeprefix("tg-")
        case "blockquote", "expandable":
            opened.argument = "1"
        case "tg-time", "unix":
            opened.date = int(value) if value.isdecimal() else 0
