"""Reads what a recording is from its bytes, as far as Telegram cares; no library is needed for that."""

from dataclasses import dataclass

_OGG = b"OggS"
_OPUS = b"OpusHead"
_OPUS_RATE = 48_000
"""Granules a second of any Opus stream: https://www.rfc-editor.org/rfc/rfc7845#section-4 ."""


@dataclass(frozen=True, slots=True)
class Recording:
    """What a recording's bytes say; `duration` is in whole seconds, 0 where it is not looked for."""

    mime_type: str
    suffix: str
    duration: int = 0


def read_voice(content: bytes) -> Recording | None:
    """Return what Telegram plays as a voice message: Opus in OGG, MP3 or M4A; None when it is none of them.

    https://core.telegram.org/bots/api#sendvoice
    """
    if content.startswith(_OGG) and _OPUS in content[:256]:
        return Recording("audio/ogg", ".oga", _opus_seconds(content))
    if content.startswith(b"ID3") or (len(content) > 1 and content[0] == 0xFF and content[1] & 0xE0 == 0xE0):
        return Recording("audio/mpeg", ".mp3")
    if content[4:8] == b"ftyp" and content[8:11] == b"M4A":
        return Recording("audio/mp4", ".m4a")
    return None


def is_opus(content: bytes) -> bool:
    """Tell whether this is what Telegram's own clients record."""
    return content.startswith(_OGG) and _OPUS in content[:256]


def is_mp4(content: bytes) -> bool:
    """Tell whether this is the container of video messages."""
    return content[4:8] == b"ftyp"


def _opus_seconds(content: bytes) -> int:
    page = content.rindex(_OGG)
    granules = int.from_bytes(content[page + 6 : page + 14], "little")
    return -(-granules // _OPUS_RATE) if granules < 1 << 62 else 0
