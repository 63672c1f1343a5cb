"""Tables that can be read on a phone."""

import unicodedata
from collections.abc import Sequence

from vitte.bot.formatting.output import Output
from vitte.bot.formatting.spans import BOLD, LINK, PRE, Formatted

MAX_WIDTH = 40
"""Columns of fixed width that a phone shows in a line."""
_BETWEEN = " │ "
_PAIR = 2

Row = Sequence[Formatted]


def write_table(output: Output, rows: Sequence[Row]) -> None:
    """Write a table, whose first row is its head: in columns where they fit, else row by row."""
    count = max((len(row) for row in rows), default=0)
    if not count:
        return
    widths = [max(_width(row[i].text) for row in rows if i < len(row)) for i in range(count)]
    has_links = any(span.kind == LINK for row in rows for cell in row for span in cell.spans)
    if has_links or sum(widths) + len(_BETWEEN) * (count - 1) > MAX_WIDTH:
        _write_rows(output, rows)
    else:
        _write_columns(output, rows, widths)


def _write_columns(output: Output, rows: Sequence[Row], widths: list[int]) -> None:
    place = output.here()
    head, *body = rows
    output.write(_line(head, widths))
    output.write("\n" + "─┼─".join("─" * width for width in widths))
    for row in body:
        output.write("\n" + _line(row, widths))
    output.span(PRE, place)


def _line(row: Row, widths: list[int]) -> str:
    texts = [cell.text for cell in row]
    padded = [text + " " * (width - _width(text)) for text, width in zip(texts, widths, strict=False)]
    return _BETWEEN.join(padded).rstrip()


def _write_rows(output: Output, rows: Sequence[Row]) -> None:
    head, *body = rows
    # Two columns explain themselves, except by what their head says once.
    if len(head) <= _PAIR or not body:
        for row in rows:
            output.gap(1)
            _write_pair(output, row)
        return
    for row in body:
        output.gap(2)
        place = output.here()
        _write_named(output, head, row, 0)
        output.span(BOLD, place)
        for number in range(1, len(row)):
            if row[number].text:
                output.gap(1)
                output.write_marker("• ")
                _write_named(output, head, row, number)
    used = {number for row in body for number, cell in enumerate(row) if number == 0 or cell.text}
    output.gap(1)
    _write_pair(output, [cell for number, cell in enumerate(head) if number not in used])


def _write_named(output: Output, head: Row, row: Row, number: int) -> None:
    if number < len(head) and head[number].text:
        output.embed(head[number])
        output.write(": ")
    output.embed(row[number])


def _write_pair(output: Output, row: Row) -> None:
    cells = [cell for cell in row if cell.text]
    if not cells:
        return
    output.write_marker("• ")
    place = output.here()
    output.embed(cells[0])
    output.span(BOLD, place)
    for cell in cells[1:]:
        output.write(" — ")
        output.embed(cell)


def _width(text: str) -> int:
    if text.isascii():
        return len(text)
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if unicodedata.category(character) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1
