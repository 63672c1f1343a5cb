"""What a file is, by its name and by what its sender says of it."""

from enum import StrEnum
from pathlib import PurePath


class DocumentKind(StrEnum):
    """How the words of a file are read."""

    PDF = "pdf"
    DOCX = "docx"
    XLSX = "xlsx"
    TEXT = "text"


_BY_SUFFIX = {
    ".pdf": DocumentKind.PDF,
    ".docx": DocumentKind.DOCX,
    ".docm": DocumentKind.DOCX,
    ".xlsx": DocumentKind.XLSX,
    ".xlsm": DocumentKind.XLSX,
}
_BY_MIME_TYPE = {
    "application/pdf": DocumentKind.PDF,
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": DocumentKind.DOCX,
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": DocumentKind.XLSX,
}
# Their names say that there is nothing to read: not worth a download.
_NEVER = """
    .7z .apk .avi .bin .bz2 .deb .dll .dmg .doc .epub .exe .fb2 .flac .gz .iso .jar .m4a .mkv .mov .mp3
    .mp4 .msi .odp .ods .odt .ogg .otf .pages .ppt .pptx .psd .rar .rtf .so .sqlite .tar .tgz .ttf .wav
    .webm .xls .xlsb .xz .zip .zst
"""
_SOURCE = """
    .bash .bat .c .cfg .clj .cmake .conf .cpp .cs .css .csv .cue .dart .diff .env .erl .ex .exs .f90 .fs
    .go .gradle .graphql .groovy .h .hpp .hs .html .ini .ipynb .java .jl .js .json .jsonl .jsx .kt .less
    .log .lua .m .md .mk .ml .mm .nim .patch .php .pl .properties .proto .ps1 .py .r .rb .rs .rst .sass
    .scala .scss .sh .sol .sql .srt .svelte .svg .swift .tex .tf .toml .ts .tsv .tsx .txt .vb .vtt .vue .xml
    .yaml .yml .zig
"""
_NEVER_SUFFIXES, _SOURCE_SUFFIXES = frozenset(_NEVER.split()), frozenset(_SOURCE.split())
_TEXT_TYPES = frozenset(
    {
        "application/csv",
        "application/ecmascript",
        "application/javascript",
        "application/json",
        "application/ld+json",
        "application/sql",
        "application/toml",
        "application/x-httpd-php",
        "application/x-javascript",
        "application/x-ndjson",
        "application/x-python",
        "application/x-sh",
        "application/x-subrip",
        "application/x-tex",
        "application/x-yaml",
        "application/xhtml+xml",
        "application/xml",
        "application/yaml",
    }
)
_UNKNOWN_TYPES = frozenset({"", "application/octet-stream", "application/x-octet-stream"})


def kind_of(name: str | None, mime_type: str | None) -> DocumentKind | None:
    """Return how the file is to be read; None when it cannot be.

    What nothing is known of counts as text: that it is none shows when it is read.
    """
    suffix = PurePath(name or "").suffix.lower()
    kind = (mime_type or "").partition(";")[0].strip().lower()
    if (known := _BY_SUFFIX.get(suffix) or _BY_MIME_TYPE.get(kind)) is not None:
        return known
    if suffix in _NEVER_SUFFIXES:
        return None
    # Of source files Telegram's clients say whatever the sender's machine says: video/mp2t of TypeScript.
    is_text = kind.startswith("text/") or kind in _TEXT_TYPES or kind in _UNKNOWN_TYPES
    return DocumentKind.TEXT if is_text or suffix in _SOURCE_SUFFIXES else None
