"""Reads the type and the size of a picture from its first bytes; no picture library is needed for that."""

import struct
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Picture:
    """What a picture's header says; sizes are in pixels."""

    mime_type: str
    suffix: str
    width: int
    height: int


# JPEG markers that begin a frame header: https://www.w3.org/Graphics/JPEG/itu-t81.pdf , table B.1.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def read_picture(content: bytes) -> Picture | None:
    """Return what `content` is as a picture; None when it is no PNG, JPEG, GIF or WebP."""
    try:
        if content.startswith(b"\x89PNG\r\n\x1a\n"):
            return Picture("image/png", ".png", *struct.unpack(">II", content[16:24]))
        if content.startswith((b"GIF87a", b"GIF89a")):
            return Picture("image/gif", ".gif", *struct.unpack("<HH", content[6:10]))
        if content.startswith(b"\xff\xd8"):
            return _jpeg(content)
        if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
            return _webp(content)
    except (struct.error, IndexError):
        return None
    return None


def _jpeg(content: bytes) -> Picture | None:
    position = 2
    while position < len(content):
        if content[position] != 0xFF:
            return None
        marker = content[position + 1]
        if marker in _FRAMES:
            height, width = struct.unpack(">HH", content[position + 5 : position + 9])
            return Picture("image/jpeg", ".jpg", width, height)
        position += 2 + int.from_bytes(content[position + 2 : position + 4])
    return None


def _webp(content: bytes) -> Picture | None:
    kind = content[12:16]
    if kind == b"VP8X":
        width = 1 + int.from_bytes(content[24:27], "little")
        height = 1 + int.from_bytes(content[27:30], "little")
    elif kind == b"VP8L":
        bits = int.from_bytes(content[21:25], "little")
        width, height = 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    elif kind == b"VP8 ":
        width, height = (side & 0x3FFF for side in struct.unpack("<HH", content[26:30]))
    else:
        return None
    return Picture("image/webp", ".webp", width, height)
