"""Spreadsheets."""

from io import BytesIO

from openpyxl import load_workbook

from vitte.clients.documents.reading.archives import check_archive
from vitte.clients.documents.reading.outcome import Words


def read_xlsx(content: bytes, words: Words, _max_pages: int) -> int | None:
    """Read every sheet row by row, cells between tabs: of formulas what they came to when it was saved."""
    check_archive(content)
    workbook = load_workbook(BytesIO(content), read_only=True, data_only=True)
    for sheet in workbook.worksheets:
        if words.is_full:
            words.is_cut = True
            break
        # Rows as they are, not padded to the size that the sheet says it has.
        sheet.reset_dimensions()
        _read_sheet(sheet, words)
    return None


def _read_sheet(sheet: object, words: Words) -> None:
    has_title = False
    for row in sheet.iter_rows(values_only=True):  # type: ignore[attr-defined]  # of a sheet that is read only
        cells = "\t".join("" if value is None else str(value) for value in row).rstrip("\t")
        if not cells:
            continue
        if words.is_full:
            words.is_cut = True
            return
        if not has_title:
            words.add(f"# {sheet.title}\n")  # type: ignore[attr-defined]
            has_title = True
        words.add(f"{cells}\n")
    words.add("\n")
