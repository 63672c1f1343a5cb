"""Telegram's old Markdown style, kept by it for backward compatibility."""

from vitte.sandbox.entities.building import SPACES, Output, ParseError, byte_offset
from vitte.sandbox.entities.model import Entity

_MARKS = "_*`["
_FENCE = "```"


def parse_markdown(text: str) -> tuple[str, list[Entity]]:
    """Return the text without its marks, and its entities; raise `ParseError`. Entities do not nest."""
    return _MarkdownParser(text).parse()


class _MarkdownParser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0
        self._out = Output()

    def parse(self) -> tuple[str, list[Entity]]:
        while self._position < len(self._text):
            char = self._text[self._position]
            following = self._text[self._position + 1 : self._position + 2]
            if char == "\\" and following and following in _MARKS:
                self._out.write(following)
                self._position += 2
            elif char in _MARKS:
                self._entity()
            else:
                self._out.write(char)
                self._position += 1
        return self._out.text(), self._out.entities

    def _entity(self) -> None:
        begin = self._position
        mark = self._text[begin]
        language = ""
        end_mark = "]" if mark == "[" else mark
        self._position += 1
        if self._text.startswith(_FENCE, begin):
            end_mark = _FENCE
            self._position = begin + len(_FENCE)
            language, self._position = read_language(self._text, self._position)
        end = self._text.find(end_mark, self._position)
        if end < 0:
            raise ParseError(
                f"Can't find end of the entity starting at byte offset {byte_offset(self._text, begin)}"
            )
        content = self._text[self._position : end]
        self._position = end + len(end_mark)
        if not content:
            return
        offset = self._out.units
        self._out.write(content)
        if mark == "[":
            self._out.add_link(offset, self._url() or content)
        elif end_mark == _FENCE:
            self._out.add("pre", offset, language=language)
        else:
            self._out.add({"_": "italic", "*": "bold", "`": "code"}[mark], offset)

    def _url(self) -> str:
        """Read the address in round brackets after a link's text."""
        if not self._text.startswith("(", self._position):
            return ""
        end = self._text.find(")", self._position)
        end = len(self._text) if end < 0 else end
        url = self._text[self._position + 1 : end]
        self._position = end + 1
        return url


def read_language(text: str, position: int) -> tuple[str, int]:
    """Read what follows the opening fence of code: return the language and where the code begins."""
    end = position
    while end < len(text) and text[end] not in SPACES and text[end] != "`":
        end += 1
    language = ""
    if position < end < len(text) and text[end] != "`":
        language, position = text[position:end], end
    first, second = text[position : position + 1], text[position + 1 : position + 2]
    if first in ("\n", "\r"):
        position += 2 if second in ("\n", "\r") and second != first else 1
    return language, position
