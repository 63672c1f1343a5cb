"""What the models in a box give is what it says it is."""

import struct
import wave
from io import BytesIO

import pytest

from vitte.sandbox.llm.media import heard, silent_wav, spoken, vector


def pages_of(audio: bytes) -> list[tuple[int, int, bytes]]:
    """Take OGG apart as a player does: the flags, the position and the content of each page."""
    pages: list[tuple[int, int, bytes]] = []
    while audio:
        magic, _, flags, position, _, number, checksum, count = struct.unpack_from("<4sBBqIIIB", audio)
        assert (magic, number) == (b"OggS", len(pages))
        size = 27 + count + sum(audio[27 : 27 + count])
        page = audio[:size]
        assert checksum == crc(page[:22] + bytes(4) + page[26:])
        pages.append((flags, position, page[27 + count :]))
        audio = audio[size:]
    return pages


def crc(data: bytes) -> int:
    """Return OGG's checksum, by a table and not bit by bit."""
    table = []
    for byte in range(256):
        rest = byte << 24
        for _ in range(8):
            rest = ((rest << 1) ^ 0x04C11DB7 if rest >> 31 else rest << 1) & 0xFFFFFFFF
        table.append(rest)
    rest = 0
    for byte in data:
        rest = (rest << 8 & 0xFFFFFFFF) ^ table[rest >> 24 ^ byte]
    return rest


@pytest.mark.parametrize("text", ["OK", "word " * 200, "слово " * 20_000])
def test_speech_is_a_recording_that_players_take_and_longer_for_more_words(text: str) -> None:
    pages = pages_of(spoken(text))
    (first, _, head), (_, _, tags), *sound = pages
    assert first == 2
    assert head.startswith(b"OpusHead\x01\x01")
    assert tags.startswith(b"OpusTags")
    assert sound[-1][0] == 4
    assert sound[-1][1] == max(1, len(text.split())) * 15 * 960


def test_what_was_spoken_is_heard() -> None:
    assert heard(spoken("Привет, DESCRIPTION=мир")) == "Привет, DESCRIPTION=мир"
    assert heard(b"any other recording") is None


def test_the_wav_is_one() -> None:
    with wave.open(BytesIO(silent_wav())) as recording:
        assert recording.getnframes() == 800


def test_vectors_are_near_by_words() -> None:
    one, two, other = (vector(text) for text in ("a red car", "The red cars", "tax return"))
    assert sum(a * b for a, b in zip(one, two, strict=True)) > sum(
        a * b for a, b in zip(one, other, strict=True)
    )
    assert abs(sum(number * number for number in vector("")) - 1) < 1e-9
