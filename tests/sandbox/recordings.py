"""Recordings made up for tests: as much of them as says what they are."""


def opus(seconds: int = 3) -> bytes:
    """Return a voice message that Telegram's clients might have recorded, silent."""

    def page(content: bytes, *, granules: int, number: int) -> bytes:
        header = b"OggS\0\0" + granules.to_bytes(8, "little") + bytes(4) + number.to_bytes(4, "little")
        return header + bytes(4) + bytes([1, len(content)]) + content

    head = b"OpusHead\x01\x01\0\0" + (48_000).to_bytes(4, "little") + bytes(3)
    return page(head, granules=0, number=0) + page(b"\xf8\xff\xfe", granules=seconds * 48_000, number=1)


def mp4() -> bytes:
    """Return the beginning of a video message."""
    return b"\0\0\0\x18ftypmp42" + bytes(16)


def mp3() -> bytes:
    """Return the beginning of music."""
    return b"ID3\x04" + bytes(60)
