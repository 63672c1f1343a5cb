"""Words of files, of good ones and of those made to do harm."""

import asyncio
import codecs
import os
import sys
import zipfile
import zlib
from collections.abc import Callable
from io import BytesIO

import pytest

from tests.clients.documents.files import docx, encrypted_pdf, pdf, with_part, xlsx
from vitte.clients.documents.errors import (
    FileBrokenError,
    FileEncryptedError,
    FileError,
    FileTooComplexError,
    FileTooLargeError,
    FileUnsupportedError,
    FileWithoutTextError,
)
from vitte.clients.documents.reader import DocumentReader, ExtractedText
from vitte.core.settings.input import FilesSettings

RUSSIAN = "Съешь ещё этих мягких французских булок, да выпей чаю. Привет, мир!"
SETTINGS = FilesSettings(max_pages=3, max_characters=2000, extract_timeout=120, cpu_seconds=60)


async def read(
    content: bytes, name: str, mime_type: str | None = None, settings: FilesSettings = SETTINGS
) -> ExtractedText:
    return await DocumentReader(settings).read(content, name=name, mime_type=mime_type)


async def test_pages_of_a_pdf_are_read_in_order() -> None:
    found = await read(pdf("Rent is 900 euros", "Signed by Ben"), "contract.pdf")
    assert found == ExtractedText(text="Rent is 900 euros\n\nSigned by Ben", pages=2, is_cut=False)


async def test_of_a_long_pdf_the_first_pages_are_read_and_it_says_so() -> None:
    found = await read(pdf(*(f"page {number}" for number in range(1, 6))), "book.pdf")
    assert (found.pages, found.is_cut) == (5, True)
    assert "page 3" in found.text
    assert "page 4" not in found.text


async def test_a_pdf_that_only_forbids_changes_is_read() -> None:
    assert (await read(encrypted_pdf("open to all", password=""), "a.pdf")).text == "open to all"


async def test_paragraphs_headings_and_tables_of_a_word_document_are_read_in_order() -> None:
    content = docx("Привет", "мир", heading="Глава", table=[["Имя", "Лет"], ["Анна", "30"]])
    found = await read(content, "отчёт.docx")
    assert found.text == "## Глава\nПривет\nмир\nИмя | Лет\nАнна | 30"


async def test_every_sheet_is_read_with_its_name_and_empty_rows_are_left_out() -> None:
    content = xlsx({"Income": [["month", "sum"], [], ["May", 12.5]], "Costs": [["rent", None, True]]})
    found = await read(content, "money.xlsx")
    assert found.text == "# Income\nmonth\tsum\nMay\t12.5\n\n# Costs\nrent\t\tTrue"


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1251", "koi8-r", "cp866"]
)
async def test_russian_text_is_read_in_whatever_encoding_it_came(encoding: str) -> None:
    assert (await read(RUSSIAN.encode(encoding), "a.txt", "text/plain")).text == RUSSIAN


@pytest.mark.parametrize("cut", [slice(1, None), slice(None, -3)])
async def test_russian_text_that_was_cut_in_the_middle_of_a_letter_is_read_but_for_that(cut: slice) -> None:
    text = "Привет, как дела? " * 20 + "ы"
    found = (await read((text + "ы").encode()[cut], "a.txt", "text/plain")).text
    assert "Привет, как дела? " * 19 in found
    assert "Р" not in found


async def test_western_text_of_an_old_encoding_keeps_its_accents() -> None:
    words = "Ein schöner Tag: Fußgänger überqueren die Straße. Déjà vu, señor?"
    assert (await read(words.encode("cp1252"), "a.txt")).text == words


async def test_a_mark_of_byte_order_is_no_letter() -> None:
    assert (await read(codecs.BOM_UTF16_BE + "да".encode("utf-16-be"), "a.csv")).text == "да"


@pytest.mark.parametrize(
    ("name", "mime_type"),
    [
        ("a.md", "text/markdown"),
        ("a.csv", "text/csv"),
        ("a.tsv", None),
        ("a.json", "application/json"),
        ("a.xml", "application/xml"),
        ("main.ts", "video/mp2t"),
        ("Makefile", "application/octet-stream"),
        ("notes", None),
    ],
)
async def test_whatever_is_text_is_read_as_it_is(name: str, mime_type: str | None) -> None:
    assert (await read(b"one,two\r\nthree,four\n", name, mime_type)).text == "one,two\nthree,four"


async def test_a_long_text_is_cut_and_says_so() -> None:
    found = await read(b"x" * 5000, "a.log")
    assert (len(found.text), found.is_cut) == (2000, True)
    assert (await read(b"x" * 2000, "a.log")).is_cut is False


async def test_what_no_message_may_hold_is_left_out() -> None:
    found = await read(("words " * 50 + "a\0b\x1b[1mc\u0085\ufeff").encode(), "a.txt")
    assert found.text.endswith(" ab[1mc")


async def test_long_sheets_and_documents_are_cut_and_say_so() -> None:
    table = await read(xlsx({"A": [["word"] * 10 for _ in range(200)], "B": [["end"]]}), "a.xlsx")
    document = await read(docx(*["word " * 100 for _ in range(20)]), "a.docx")
    assert (len(table.text) <= 2000, table.is_cut) == (True, True)
    assert (len(document.text) <= 2000, document.is_cut) == (True, True)


@pytest.mark.parametrize(
    ("content", "name", "error"),
    [
        (b"MZ\x90\x00", "setup.exe", FileUnsupportedError),
        (b"PK\x03\x04", "all.zip", FileUnsupportedError),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)), "picture", FileUnsupportedError),
        (encrypted_pdf("secret", password="open sesame"), "a.pdf", FileEncryptedError),
        (encrypted_pdf("secret", password="open sesame", algorithm="RC4-128"), "a.pdf", FileEncryptedError),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
            "a.docx",
            FileEncryptedError,
        ),
        (pdf("", ""), "scan.pdf", FileWithoutTextError),
        (docx(), "empty.docx", FileWithoutTextError),
        (b" \n\t", "a.txt", FileWithoutTextError),
        (b"", "a.txt", FileWithoutTextError),
        (b"%PDF-1.7 and no more", "a.pdf", FileBrokenError),
        (pdf("one")[:200], "a.pdf", FileBrokenError),
        (b"no archive", "a.docx", FileBrokenError),
        (xlsx({"A": [["not", "words"]]}), "a.docx", FileBrokenError),
        (docx("not a table"), "a.xlsx", FileBrokenError),
        (docx("cut off")[:-100], "a.docx", FileBrokenError),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 an old one", "a.docx", FileBrokenError),
        (b"x" * ((1 << 20) + 1), "a.txt", FileTooLargeError),
    ],
    ids=lambda value: value if isinstance(value, str) else getattr(value, "__name__", ""),
)
async def test_what_cannot_be_read_is_refused_for_its_own_reason(
    content: bytes, name: str, error: type[FileError]
) -> None:
    with pytest.raises(FileError) as refusal:
        await read(content, name, settings=FilesSettings(max_megabytes=1, extract_timeout=120))
    assert type(refusal.value) is error
    assert refusal.value.params["name"] == name


def bomb(size: int) -> bytes:
    """Return an Office file whose text unpacks to `size` bytes."""
    return with_part(docx("x"), "word/document.xml", b"<a>" + b" " * size + b"</a>")


def swelling_pdf() -> bytes:
    """Return a PDF of a few kilobytes whose page unpacks to 200 megabytes, in two steps."""
    packed = zlib.compress(zlib.compress(bytes(200 << 20), 1), 9)
    before, after = pdf("x").split(b"<< /Length ")
    _, _, rest = after.partition(b"endstream")
    page = b"<< /Length %d /Filter [/FlateDecode /FlateDecode] >>\nstream\n%s\nendstream" % (
        len(packed),
        packed,
    )
    return before + page + rest


def endless_sheet() -> bytes:
    """Return a spreadsheet whose one row has a number beyond all counting."""
    sheet = (
        b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        b'<dimension ref="A1:XFD1048576"/><sheetData><row r="99999999999999">'
        b'<c r="A99999999999999"><v>1</v></c></row></sheetData></worksheet>'
    )
    return with_part(xlsx({"A": [[1]]}), "xl/worksheets/sheet1.xml", sheet)


def laughs() -> bytes:
    """Return a Word document with entities within entities, a thousand millions of them."""
    entities = b'<!ENTITY a0 "ha">' + b"".join(
        b'<!ENTITY a%d "%s">' % (depth, b"&a%d;" % (depth - 1) * 10) for depth in range(1, 10)
    )
    text = b"<!DOCTYPE w [%s]><w>&a9;</w>" % entities
    return with_part(docx("x"), "word/document.xml", text)


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: bomb(200 << 20), "bomb.docx"),
        (lambda: bomb(140 << 20), "lesser_bomb.docx"),
        (swelling_pdf, "swelling.pdf"),
        (endless_sheet, "endless.xlsx"),
        (laughs, "laughs.docx"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_file_made_to_do_harm_ends_soon_and_is_told_of(make: Callable[[], bytes], name: str) -> None:
    content = make()
    assert len(content) < 2 << 20
    settings = FilesSettings(cpu_seconds=2, extract_timeout=120, memory_megabytes=400)
    with pytest.raises((FileTooComplexError, FileBrokenError)):
        await read(content, name, settings=settings)


async def test_a_file_that_is_not_done_in_time_is_given_up_and_its_process_is_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    started: list[asyncio.subprocess.Process] = []
    start = asyncio.create_subprocess_exec

    async def note(*args: str, **options: object) -> asyncio.subprocess.Process:
        started.append(await start(*args, **options))  # type: ignore[arg-type]
        return started[-1]

    monkeypatch.setattr(asyncio, "create_subprocess_exec", note)
    settings = FilesSettings(cpu_seconds=600, extract_timeout=0.5)
    with pytest.raises(FileTooComplexError):
        await read(endless_sheet(), "endless.xlsx", settings=settings)
    (child,) = started
    with pytest.raises(ProcessLookupError):
        os.kill(child.pid, 0)


async def test_an_archive_that_lies_of_its_size_is_refused() -> None:
    content = bytearray(bomb(10 << 20))
    directory = content.index(b"PK\x01\x02", content.rindex(b"word/document.xml") - 60)
    content[directory + 24 : directory + 28] = (10).to_bytes(4, "little")
    with pytest.raises(FileError):
        await read(bytes(content), "liar.docx")
    assert zipfile.is_zipfile(BytesIO(bytes(content)))


async def test_no_secret_is_within_reach_of_who_reads_a_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    environments: list[object] = []
    start = asyncio.create_subprocess_exec

    async def note(*args: str, **options: object) -> asyncio.subprocess.Process:
        environments.append(options["env"])
        return await start(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setenv("VITTE_TELEGRAM__TOKEN", "42:TEST")
    monkeypatch.setattr(asyncio, "create_subprocess_exec", note)
    await read(b"hello", "a.txt")
    assert environments == [{"LANG": "C.UTF-8"}]


@pytest.mark.parametrize(
    "deed",
    [
        "open('/etc/hostname')",
        "__import__('socket').create_connection(('127.0.0.1', 9))",
        "__import__('os').system('true')",
        "__import__('subprocess').run(['true'])",
    ],
)
async def test_who_reads_a_file_can_open_nothing_else_and_speak_to_nobody(deed: str) -> None:
    program = f"from vitte.clients.documents.reading.bounds import guard; guard(); {deed}"
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-I", "-c", program, stderr=asyncio.subprocess.PIPE
    )
    _, told = await child.communicate()
    assert b"PermissionError: not from here" in told
