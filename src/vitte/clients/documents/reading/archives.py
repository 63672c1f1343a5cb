"""Office files are ZIP archives, which may be bombs."""

from io import BytesIO
from zipfile import BadZipFile, ZipFile

from vitte.clients.documents.errors import FileBrokenError, FileEncryptedError
from vitte.clients.documents.reading.outcome import TOO_COMPLEX, Refusal

_MAX_UNPACKED = 150 << 20
"""Bytes that all parts of an archive may have together. Nothing more than it says is unpacked of a part."""
_MAX_PARTS = 5000
# An office file with a password is no archive but an OLE2 container, as are those of before 2007.
_OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED_PART = "EncryptedPackage".encode("utf-16-le")


def check_archive(content: bytes) -> None:
    """Refuse what is no archive, wants a password, or would unpack to too much."""
    if content.startswith(_OLE2):
        raise Refusal(FileEncryptedError if _ENCRYPTED_PART in content else FileBrokenError)
    try:
        with ZipFile(BytesIO(content)) as archive:
            parts = archive.infolist()
    except (BadZipFile, ValueError, NotImplementedError):
        raise Refusal(FileBrokenError) from None
    if any(part.flag_bits & 1 for part in parts):
        raise Refusal(FileEncryptedError)
    if len(parts) > _MAX_PARTS or sum(part.file_size for part in parts) > _MAX_UNPACKED:
        raise Refusal(TOO_COMPLEX)
