"""The child process: `python -I -m vitte.clients.documents.reading KIND PAGES CHARACTERS CPU MEMORY`.

CPU in seconds, memory in megabytes. The file comes in by standard input; one JSON object goes out by standard
output: `{"text", "pages", "is_cut"}`, or `{"refused": "<the error's code>"}`.
"""

import json
import logging
import sys
import warnings
from collections.abc import Callable

from vitte.clients.documents.errors import (
    FileBrokenError,
    FileError,
    FileWithoutTextError,
)
from vitte.clients.documents.kinds import DocumentKind
from vitte.clients.documents.reading.bounds import give_way, guard, limit
from vitte.clients.documents.reading.outcome import TOO_COMPLEX, Refusal, Words

Reader = Callable[[bytes, Words, int], "int | None"]


def main(kind: DocumentKind, *, max_pages: int, max_characters: int, cpu: int, memory: int) -> None:
    """Read the file and tell what is in it."""
    warnings.simplefilter("ignore")
    logging.disable()
    read = _reader(kind)
    content = sys.stdin.buffer.read()
    give_way()
    limit(cpu_seconds=cpu, memory=memory)
    guard()
    try:
        words = Words(max_characters)
        pages = read(content, words, max_pages)
        if text := words.text():
            _tell({"text": text, "pages": pages, "is_cut": words.is_cut})
        else:
            _refuse(FileWithoutTextError)
    except Refusal as refusal:
        _refuse(refusal.error)
    except (MemoryError, RecursionError):
        _refuse(TOO_COMPLEX)
    except Exception:  # noqa: BLE001 - whatever a library makes of a broken file
        _refuse(FileBrokenError)


def _reader(kind: DocumentKind) -> Reader:
    """Load what reads such files, and nothing else: before the limits, which it would count against."""
    if kind is DocumentKind.PDF:
        from vitte.clients.documents.reading.pdf import read_pdf

        return read_pdf
    if kind is DocumentKind.DOCX:
        from vitte.clients.documents.reading.docx import read_docx

        return read_docx
    if kind is DocumentKind.XLSX:
        from vitte.clients.documents.reading.xlsx import read_xlsx

        return read_xlsx
    from vitte.clients.documents.reading.text import read_text

    return read_text


def _refuse(error: type[FileError]) -> None:
    _tell({"refused": error.code})


def _tell(answer: dict[str, object]) -> None:
    sys.stdout.buffer.write(json.dumps(answer, ensure_ascii=False).encode())
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    asked, *numbers = sys.argv[1:]
    pages_limit, characters_limit, seconds, megabytes = map(int, numbers)
    main(
        DocumentKind(asked),
        max_pages=pages_limit,
        max_characters=characters_limit,
        cpu=seconds,
        memory=megabytes << 20,
    )
