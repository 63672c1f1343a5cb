"""Telegram's MarkdownV2 style."""

import re
from dataclasses import dataclass

from vitte.sandbox.entities.building import Output, ParseError, byte_offset
from vitte.sandbox.entities.links import linked_emoji, linked_time
from vitte.sandbox.entities.markdown import read_language
from vitte.sandbox.entities.model import Entity, in_order

_PLAIN = re.compile(r"[^_*\[\]()~`>#+\-=|{}.!\n\\]+")
_PLAIN_IN_CODE = re.compile(r"[^`\\]+")
_ESCAPABLE_LAST = "~"
# How the server names what is left open.
_NAMES = {
    "bold": "Bold",
    "italic": "Italic",
    "underline": "Underline",
    "strikethrough": "Strikethrough",
    "spoiler": "Spoiler",
    "code": "Code",
    "pre": "Pre",
    "text_link": "TextUrl",
    "custom_emoji": "CustomEmoji",
    "blockquote": "BlockQuote",
}
# The longest mark first: "__" before "_".
_OPENING = (
    ("```", "pre"),
    ("`", "code"),
    ("__", "underline"),
    ("_", "italic"),
    ("*", "bold"),
    ("~", "strikethrough"),
    ("||", "spoiler"),
    ("![", "custom_emoji"),
    ("[", "text_link"),
)
_CLOSING = {
    "bold": "*",
    "underline": "__",
    "strikethrough": "~",
    "spoiler": "||",
    "code": "`",
    "pre": "```",
    "text_link": "]",
    "custom_emoji": "]",
}


@dataclass(slots=True)
class _Open:
    """An entity whose end is still to come; `begin` is where its mark stands in the source."""

    kind: str
    language: str
    offset: int
    begin: int
    index: int

    @property
    def name(self) -> str:
        return "PreCode" if self.language else _NAMES[self.kind]


def parse_markdown_v2(text: str) -> tuple[str, list[Entity]]:
    """Return the text without its marks, and its entities; raise `ParseError`."""
    return _MarkdownV2Parser(text).parse()


class _MarkdownV2Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0
        self._out = Output()
        self._open: list[_Open] = []
        self._in_quote = False
        self._line_starts = True

    def parse(self) -> tuple[str, list[Entity]]:
        while self._position < len(self._text):
            char = self._text[self._position]
            if (plain := self._plain().match(self._text, self._position)) is not None:
                self._out.write(plain.group())
                self._position = plain.end()
                self._line_starts = self._line_starts and not plain.group().strip("\r")
            elif self._is_escape(self._position):
                self._position += 1
                self._write(self._text[self._position])
            elif char == "\\":
                self._write(char)
            elif self._ends():
                self._close()
            else:
                self._begin(char)
        if self._in_quote:
            self._end_last_quote()
        if self._open:
            raise self._unfinished()
        return self._out.text(), in_order(self._out.entities)

    def _is_escape(self, position: int) -> bool:
        following = self._text[position + 1 : position + 2]
        return self._text[position] == "\\" and "\0" < following <= _ESCAPABLE_LAST

    def _plain(self) -> re.Pattern[str]:
        """Return what matches text without meaning at this place."""
        in_code = bool(self._open) and self._open[-1].kind in {"code", "pre"}
        return _PLAIN_IN_CODE if in_code else _PLAIN

    def _write(self, char: str) -> None:
        self._out.write(char)
        self._position += 1
        if char != "\r":
            self._line_starts = char == "\n"

    def _ends(self) -> bool:
        """Tell whether what stands here ends the innermost entity."""
        if not self._open:
            return False
        text, position = self._text, self._position
        if self._in_quote and text[position] == "\n" and text[position + 1 : position + 2] != ">":
            return True
        kind = self._open[-1].kind
        if kind == "italic":
            return text[position] == "_" and not text.startswith("__", position)
        return kind != "blockquote" and text.startswith(_CLOSING[kind], position)

    def _begin(self, char: str) -> None:
        begin = self._position
        if char == "\n":
            self._write(char)
        elif char == ">" and self._line_starts:
            self._position += 1
            if not self._in_quote:
                self._in_quote = True
                self._push("blockquote", begin)
        else:
            mark, kind = next(
                ((mark, kind) for mark, kind in _OPENING if self._text.startswith(mark, begin)), ("", "")
            )
            if not mark:
                raise ParseError(
                    f"Character '{char}' is reserved and must be escaped with the preceding '\\'"
                )
            self._position += len(mark)
            language = ""
            if kind == "pre":
                language, self._position = read_language(self._text, self._position)
            self._push(kind, begin, language=language)

    def _push(self, kind: str, begin: int, *, language: str = "") -> None:
        self._open.append(_Open(kind, language, self._out.units, begin, len(self._out.pieces)))

    def _close(self) -> None:
        if self._in_quote and self._text[self._position] == "\n":
            self._end_quote_line()
            return
        opened = self._open[-1]
        self._position += 1 if opened.kind == "italic" else len(_CLOSING[opened.kind])
        if opened.kind == "text_link":
            self._close_link(opened)
        elif opened.kind == "custom_emoji":
            self._close_emoji(opened)
        else:
            self._out.add(opened.kind, opened.offset, language=opened.language)
        self._open.pop()

    def _end_quote_line(self) -> None:
        kind = "blockquote"
        if self._open[-1].kind != "blockquote":
            if not self._is_expandable_mark(self._position):
                raise self._unfinished()
            self._open.pop()
            kind = "expandable_blockquote"
            if self._open[-1].kind != "blockquote":
                raise self._unfinished()
        self._write("\n")
        self._out.add(kind, self._open.pop().offset)
        self._in_quote = False

    def _end_last_quote(self) -> None:
        kind = "blockquote"
        last = self._open[-1]
        if last.kind == "spoiler" and last.begin == len(self._text) - 2:
            self._open.pop()
            kind = "expandable_blockquote"
        if self._open[-1].kind == "blockquote":
            self._out.add(kind, self._open.pop().offset)

    def _is_expandable_mark(self, line_end: int) -> bool:
        """Tell whether the spoiler just opened is the "||" that ends an expandable quotation."""
        last = self._open[-1]
        if last.kind != "spoiler":
            return False
        return last.begin == line_end - 2 or (last.begin == line_end - 3 and self._text[line_end - 1] == "\r")

    def _unfinished(self) -> ParseError:
        opened = self._open[-1]
        return ParseError(
            f"Can't find end of {opened.name} entity at byte offset {byte_offset(self._text, opened.begin)}"
        )

    def _close_link(self, opened: _Open) -> None:
        has_url = self._text.startswith("(", self._position)
        self._out.add_link(opened.offset, self._url() if has_url else self._out.since(opened.index))

    def _close_emoji(self, opened: _Open) -> None:
        if not self._text.startswith("(", self._position):
            raise ParseError("The entity must contain a tg://emoji or tg://time URL")
        url = self._url()
        emoji_id, moment = linked_emoji(url), linked_time(url)
        if not emoji_id and moment is None:
            raise ParseError("Invalid tg://emoji or tg://time URL specified")
        length = self._out.units - opened.offset
        if not length:
            return
        if moment is not None:
            entity = Entity(
                "date_time", opened.offset, length, unix_time=moment[0], date_time_format=moment[1]
            )
        else:
            entity = Entity("custom_emoji", opened.offset, length, custom_emoji_id=emoji_id)
        self._out.entities.append(entity)

    def _url(self) -> str:
        """Read the address in round brackets that stands here."""
        self._position += 1
        begin = self._position
        chars = []
        while self._position < len(self._text) and self._text[self._position] != ")":
            if self._is_escape(self._position):
                self._position += 1
            chars.append(self._text[self._position])
            self._position += 1
        if self._position >= len(self._text):
            raise ParseError(f"Can't find end of a URL at byte offset {byte_offset(self._text, begin)}")
        self._position += 1
        return "".join(chars)
