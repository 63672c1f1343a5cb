"""What is heard, spoken and embedded: real formats without real models."""

import hashlib
import math
import re
import struct

_DIMENSIONS = 256
_SAMPLES_A_PACKET = 960
# One packet of Opus: 20 ms of silence, https://www.rfc-editor.org/rfc/rfc6716#section-3.1 .
_SILENCE = b"\xf8\xff\xfe"
_PACKETS_A_PAGE = 50
_PACKETS_A_WORD = 15
_LONGEST_TAG = 60_000
"""Bytes: one page holds no more."""
_TEXT = b"DESCRIPTION="
_SERIAL = 1
_BEGIN, _END = 2, 4


def spoken(text: str) -> bytes:
    """Return a recording in OGG with Opus: silence, as long as it would take to say, and the text as a tag.

    https://www.rfc-editor.org/rfc/rfc7845
    """
    head = b"OpusHead" + struct.pack("<BBHIhB", 1, 1, 0, 48_000, 0, 0)
    tag = (_TEXT + text.encode())[:_LONGEST_TAG]
    vendor = b"Vitte"
    tags = b"OpusTags" + struct.pack("<I", len(vendor)) + vendor + struct.pack("<II", 1, len(tag)) + tag
    pages = [_page([head], position=0, number=0, flags=_BEGIN), _page([tags], position=0, number=1)]
    left, position = max(1, len(text.split())) * _PACKETS_A_WORD, 0
    while left:
        packets = min(left, _PACKETS_A_PAGE)
        left -= packets
        position += packets * _SAMPLES_A_PACKET
        flags = 0 if left else _END
        pages.append(_page([_SILENCE] * packets, position=position, number=len(pages), flags=flags))
    return b"".join(pages)


def heard(audio: bytes) -> str | None:
    """Return the text of a recording that was spoken here, or None."""
    start = audio.find(_TEXT)
    if start < 4:
        return None
    (length,) = struct.unpack_from("<I", audio, start - 4)
    return audio[start + len(_TEXT) : start + length].decode(errors="replace")


def silent_wav() -> bytes:
    """Return a tenth of a second of silence as WAV."""
    samples = bytes(2 * 800)
    form = struct.pack("<HHIIHH", 1, 1, 8000, 16_000, 2, 16)
    size = struct.pack("<I", 36 + len(samples))
    length = struct.pack("<I", len(samples))
    return b"RIFF" + size + b"WAVEfmt " + struct.pack("<I", 16) + form + b"data" + length + samples


def vector(text: str) -> list[float]:
    """Return a vector, nearer that of another text the more words, or beginnings of words, they share."""
    numbers = [0.0] * _DIMENSIONS
    for word in re.findall(r"\w+", text.lower()):
        for part, weight in ((word, 1.0), (word[:4], 0.5)):
            digest = hashlib.blake2b(part.encode(), digest_size=4).digest()
            numbers[int.from_bytes(digest[:2], "big") % _DIMENSIONS] += weight if digest[2] & 1 else -weight
    length = math.sqrt(sum(number * number for number in numbers))
    if not length:
        numbers[0] = length = 1.0
    return [number / length for number in numbers]


def _page(packets: list[bytes], *, position: int, number: int, flags: int = 0) -> bytes:
    """Return a page of OGG: https://www.rfc-editor.org/rfc/rfc3533#section-6 ."""
    lacing = b"".join(b"\xff" * (len(packet) // 255) + bytes([len(packet) % 255]) for packet in packets)
    head = b"OggS" + struct.pack("<BBqIII", 0, flags, position, _SERIAL, number, 0) + bytes([len(lacing)])
    page = head + lacing + b"".join(packets)
    return page[:22] + struct.pack("<I", _checksum(page)) + page[26:]


def _checksum(page: bytes) -> int:
    rest = 0
    for byte in page:
        rest ^= byte << 24
        for _ in range(8):
            rest = (rest << 1) ^ 0x04C11DB7 if rest & 0x80000000 else rest << 1
        rest &= 0xFFFFFFFF
    return rest
