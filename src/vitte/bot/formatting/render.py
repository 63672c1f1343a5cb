"""From Markdown to a text with spans: what each kind of block and of inline mark-up becomes."""

import re
from collections.abc import Callable
from typing import Any, ClassVar

from pyromark.event import Range

from vitte.bot.formatting.formulas import readable
from vitte.bot.formatting.inline_html import InlineHtml
from vitte.bot.formatting.links import allowed_link, defused, mail_address
from vitte.bot.formatting.output import Output
from vitte.bot.formatting.source import Event, Source
from vitte.bot.formatting.spans import (
    BOLD,
    CODE,
    ITALIC,
    LINK,
    PRE,
    QUOTE,
    STRIKE,
    Formatted,
    arrange,
)
from vitte.bot.formatting.tables import write_table

_BULLETS = "•◦▪"
_DONE, _OPEN = "☑ ", "☐ "
_INDENT, _MAX_INDENT = "  ", 6
_RULE = "———"
_LANGUAGE = re.compile(r"[\w+#.-]{1,32}")
_BLANK_LINE_AFTER = re.compile(rb"[ \t>]*\n")
_BLANK_LINE_BEFORE = re.compile(rb"\n[ \t>]*\n[ \t>]*\Z")
_LOOK_BACK = 200
_TAB = 4

_Handler = Callable[["_Renderer", Any, Range], None]


def render(markdown: str) -> Formatted:
    """Return the text that a Markdown document is read as, with its spans in order."""
    rendered = _Renderer(Source(markdown)).render()
    # What is left of tabs is shown as spaces: https://github.com/tdlib/td, clean_input_string.
    text = rendered.text.replace("\t", " ")
    return Formatted(text, arrange(text, defused(text, rendered.spans)))


class _Renderer:
    """Goes through the events of a document once."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._out = Output()
        self._html = InlineHtml(self._out)
        self._opened: list[tuple[int, str]] = []
        """Where what is not closed yet begins, with the address of links."""
        self._lists: list[int | None] = []
        """The next number of each list around, None where they have bullets."""
        self._marker = 0
        self._quotes = 0
        self._rows: list[list[Formatted]] = []
        self._cell_end = 0
        self._info = ""
        self._around: Output | None = None
        """The document, while a cell is written."""

    def render(self) -> Formatted:
        for event, place in self._source.events:
            if isinstance(event, str):
                self._plain_event(event)
                continue
            ((kind, value),) = event.items()
            if kind == "Text":
                self._out.write(value.lstrip(" ") if self._out.begins_line() else value)
            elif kind == "Start":
                self._start(value, place)
            elif kind == "End":
                self._end(value, place)
            else:
                self._inline(kind, value)
        return self._out.finish()

    def _plain_event(self, event: Event) -> None:
        if event == "Rule":
            self._out.gap(2)
            self._out.write(_RULE)
            self._out.gap(2)
        elif self._around is None:
            self._out.gap(1)
        else:
            self._out.write(" ")

    def _inline(self, kind: str, value: Any) -> None:
        if kind == "Code":
            place = self._out.write(value)
            self._out.span(CODE, place)
        elif kind == "InlineHtml":
            self._html.tag(value)
        elif kind == "Html":
            self._html.tag(value.rstrip("\n"))
            self._out.gap(1)
        elif kind == "TaskListMarker":
            self._out.replace(self._marker, self._indent() + (_DONE if value else _OPEN))
        elif kind == "InlineMath":
            self._formula(value)
        elif kind == "DisplayMath":
            self._out.gap(1)
            self._formula(value)
            self._out.gap(1)

    def _formula(self, latex: str) -> None:
        text, is_latex = readable(latex)
        place = self._out.write(text)
        if is_latex:
            self._out.span(CODE, place)

    # Blocks and what else has a beginning and an end.

    def _start(self, tag: Any, place: Range) -> None:
        name, value = _named(tag)
        if handler := self._starts.get(name):
            handler(self, value, place)

    def _end(self, tag: Any, place: Range) -> None:
        name, value = _named(tag)
        if handler := self._ends.get(name):
            handler(self, value, place)

    def _open(self, _: Any, _place: Range) -> None:
        self._opened.append((self._out.here(), ""))

    def _close(self, kind: str) -> None:
        self._out.span(kind, self._opened.pop()[0])

    def _begin_block(self, _: Any, _place: Range) -> None:
        self._out.gap(1)

    def _end_block(self, _: Any, place: Range) -> None:
        """Keep the empty line that follows, if there is one."""
        self._html.forget()
        source, end = self._source.data, place["end"]
        is_last_empty = _BLANK_LINE_BEFORE.search(source, max(0, end - _LOOK_BACK), end)
        self._out.gap(2 if is_last_empty or _BLANK_LINE_AFTER.match(source, end) else 1)

    def _start_heading(self, _: Any, place: Range) -> None:
        self._out.gap(2)
        self._open(None, place)

    def _end_heading(self, _: Any, place: Range) -> None:
        self._close(BOLD)
        self._end_block(None, place)

    def _start_strike(self, _: Any, place: Range) -> None:
        # One tilde is "about" to people.
        if self._source.byte(place["start"] + 1) != b"~":
            self._out.write("~")
        self._open(None, place)

    def _end_strike(self, _: Any, place: Range) -> None:
        if self._source.byte(place["start"] + 1) == b"~":
            self._close(STRIKE)
        else:
            self._opened.pop()
            self._out.write("~")

    def _start_quote(self, _: Any, place: Range) -> None:
        self._out.end_marker()
        self._out.gap(1)
        if not self._quotes:
            self._open(None, place)
        self._quotes += 1

    def _end_quote(self, _: Any, place: Range) -> None:
        self._quotes -= 1
        if not self._quotes:
            self._close(QUOTE)
        self._end_block(None, place)

    def _start_list(self, first: int | None, _place: Range) -> None:
        self._lists.append(first)

    def _end_list(self, _: Any, place: Range) -> None:
        self._lists.pop()
        self._end_block(None, place)

    def _start_item(self, _: Any, _place: Range) -> None:
        self._out.end_marker()
        self._out.gap(1)
        number = self._lists[-1]
        if number is None:
            marker = _BULLETS[min(len(self._lists), len(_BULLETS)) - 1]
        else:
            marker = f"{number}."
            self._lists[-1] = number + 1
        self._marker = self._out.write_marker(f"{self._indent()}{marker} ")

    def _indent(self) -> str:
        return _INDENT * min(len(self._lists) - 1, _MAX_INDENT)

    def _start_code(self, value: Any, place: Range) -> None:
        self._out.end_marker()
        self._out.gap(1)
        info = value["Fenced"].strip() if isinstance(value, dict) else ""
        self._info = info if _LANGUAGE.fullmatch(info) else ""
        if info and not self._info:
            # No language but words: a model forgot to begin a new line.
            self._out.write(info)
            self._out.gap(1)
        self._open(None, place)

    def _end_code(self, _: Any, place: Range) -> None:
        begin = self._opened.pop()[0]
        code = self._out.since(begin).strip("\n").expandtabs(_TAB)
        self._out.drop(begin)
        if code.strip():
            self._out.write(code)
            self._out.span(PRE, begin, language=self._info)
        self._end_block(None, place)

    def _start_link(self, value: Any, _place: Range) -> None:
        self._opened.append((self._out.here(), value["dest_url"]))

    def _start_image(self, value: Any, place: Range) -> None:
        self._start_link(value, place)
        self._out.write("🖼 ")

    def _end_link(self, _: Any, _place: Range) -> None:
        begin, url = self._opened.pop()
        label = self._out.since(begin).removeprefix("🖼").strip()
        link, address = allowed_link(url), mail_address(url) or url
        if not label:
            self._out.write(address)
        elif address.removeprefix("mailto:") in label:
            return
        elif link:
            self._out.span(LINK, begin, url=link)
        elif address and not address.startswith("#"):
            self._out.write(f" ({address})")

    # Tables: each cell is a text of its own.

    def _start_table(self, _: Any, _place: Range) -> None:
        self._rows = []

    def _start_row(self, _: Any, place: Range) -> None:
        self._rows.append([])
        self._cell_end = place["end"]

    def _start_cell(self, _: Any, _place: Range) -> None:
        self._around, self._out = self._around or self._out, Output()
        self._html = InlineHtml(self._out)

    def _end_cell(self, _: Any, place: Range) -> None:
        self._rows[-1].append(_stripped(self._out.finish()))
        self._out, self._around = self._around or self._out, None
        self._html = InlineHtml(self._out)
        self._cell_end = place["end"]

    def _end_row(self, _: Any, place: Range) -> None:
        # Tables drop the cells that their head has none of; people want to read them.
        rest = self._source.data[self._cell_end : place["end"]].decode(errors="replace")
        self._rows[-1] += [Formatted(cell.strip(), []) for cell in rest.split("|") if cell.strip()]

    def _end_table(self, _: Any, place: Range) -> None:
        self._out.end_marker()
        self._out.gap(1)
        write_table(self._out, self._rows)
        self._end_block(None, place)

    def _close_bold(self, _: Any, _place: Range) -> None:
        self._close(BOLD)

    def _close_italic(self, _: Any, _place: Range) -> None:
        self._close(ITALIC)

    _starts: ClassVar[dict[str, _Handler]] = {
        "Strong": _open,
        "Emphasis": _open,
        "Strikethrough": _start_strike,
        "Paragraph": _begin_block,
        "HtmlBlock": _begin_block,
        "Heading": _start_heading,
        "BlockQuote": _start_quote,
        "List": _start_list,
        "Item": _start_item,
        "CodeBlock": _start_code,
        "Link": _start_link,
        "Image": _start_image,
        "Table": _start_table,
        "TableHead": _start_row,
        "TableRow": _start_row,
        "TableCell": _start_cell,
    }
    _ends: ClassVar[dict[str, _Handler]] = {
        "Strong": _close_bold,
        "Emphasis": _close_italic,
        "Strikethrough": _end_strike,
        "Paragraph": _end_block,
        "HtmlBlock": _end_block,
        "Heading": _end_heading,
        "BlockQuote": _end_quote,
        "List": _end_list,
        "Item": _end_block,
        "CodeBlock": _end_code,
        "Link": _end_link,
        "Image": _end_link,
        "Table": _end_table,
        "TableHead": _end_row,
        "TableRow": _end_row,
        "TableCell": _end_cell,
    }


def _named(tag: Any) -> tuple[str, Any]:
    if isinstance(tag, str):
        return tag, None
    ((name, value),) = tag.items()
    return name, value


def _stripped(cell: Formatted) -> Formatted:
    """Return a cell's text in one line with the spans that Telegram may show."""
    text = cell.text.replace("\n", " ")
    spans = arrange(text, defused(text, cell.spans))
    stripped = text.rstrip()
    return Formatted(stripped, [span for span in spans if span.end <= len(stripped)])
