"""Sizes of pictures, read from their first bytes."""

import struct

import pytest

from tests.sandbox.pictures import png
from vitte.sandbox.images import read_picture


def jpeg(width: int, height: int) -> bytes:
    comment = b"\xff\xfe" + struct.pack(">H", 6) + b"note"
    frame = b"\xff\xc0" + struct.pack(">HBHHB", 8, 8, height, width, 1)
    return b"\xff\xd8" + comment + frame


def webp(kind: bytes, data: bytes) -> bytes:
    return b"RIFF" + struct.pack("<I", len(data) + 12) + b"WEBP" + kind + struct.pack("<I", len(data)) + data


@pytest.mark.parametrize(
    ("content", "suffix"),
    [
        (png(30, 20), ".png"),
        (b"GIF89a" + struct.pack("<HH", 30, 20), ".gif"),
        (jpeg(30, 20), ".jpg"),
        (webp(b"VP8X", bytes(4) + (29).to_bytes(3, "little") + (19).to_bytes(3, "little")), ".webp"),
        (webp(b"VP8L", b"\x2f" + (29 | 19 << 14).to_bytes(4, "little")), ".webp"),
        (webp(b"VP8 ", bytes(6) + struct.pack("<HH", 30, 20)), ".webp"),
    ],
)
def test_size_of_every_kind_of_picture_is_read(content: bytes, suffix: str) -> None:
    picture = read_picture(content)
    assert picture is not None
    assert (picture.width, picture.height, picture.suffix) == (30, 20, suffix)


@pytest.mark.parametrize(
    "content", [b"", b"text", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF1234WEBPVP8?"]
)
def test_what_is_no_picture_is_none(content: bytes) -> None:
    assert read_picture(content) is None
