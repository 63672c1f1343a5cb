"""Word documents."""

from io import BytesIO

from docx import Document
from docx.table import Table
from docx.text.paragraph import Paragraph

from vitte.clients.documents.reading.archives import check_archive
from vitte.clients.documents.reading.outcome import Words


def read_docx(content: bytes, words: Words, _max_pages: int) -> int | None:
    """Read paragraphs and tables in their order. Word itself does not store what a page is."""
    check_archive(content)
    _read(Document(BytesIO(content)), words)
    return None


def _read(document: object, words: Words) -> None:
    for block in document.iter_inner_content():  # type: ignore[attr-defined]  # of a document and of a cell
        if words.is_full:
            words.is_cut = True
            return
        if isinstance(block, Table):
            _read_table(block, words)
        else:
            words.add(f"{_marked(block)}\n")


def _marked(paragraph: Paragraph) -> str:
    style = paragraph.style.name if paragraph.style is not None else None
    name, _, level = (style or "").partition(" ")
    if name == "Heading" and level.isdecimal() and paragraph.text:
        return f"{'#' * min(int(level), 6)} {paragraph.text}"
    return f"- {paragraph.text}" if name == "List" and paragraph.text else paragraph.text


def _read_table(table: Table, words: Words) -> None:
    for row in table.rows:
        if words.is_full:
            words.is_cut = True
            return
        words.add(" | ".join(" ".join(cell.text.split()) for cell in row.cells) + "\n")
    words.add("\n")
