"""Text of any age: its encoding is guessed."""

import codecs
import re

from vitte.clients.documents.errors import FileUnsupportedError
from vitte.clients.documents.reading.outcome import Refusal, Words

# The longer mark first: that of UTF-32 begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE = 200_000
"""Bytes that are looked at to guess an encoding."""
_CYRILLIC = ("cp1251", "koi8-r", "cp866", "mac-cyrillic", "iso8859-5")
_COMMON = re.compile("[оеаинтсрвлкмдпу]")
_CAPITAL_INSIDE = re.compile("[а-яё][А-ЯЁ]")
_RUSSIAN = re.compile("[а-яёА-ЯЁ]")
_HIGH_RUN = re.compile(rb"[\x80-\xff]+")
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_MOST_BROKEN = 20
"""Characters above ASCII for each broken one, in a text that is UTF-8 nevertheless."""
_MOST_CONTROL = 0.02
"""Share of control characters beyond which bytes are no text."""


def read_text(content: bytes, words: Words, _max_pages: int) -> int | None:
    """Read plain text."""
    words.add(decode(content))
    return None


def decode(content: bytes) -> str:
    """Return the text. Raises Refusal when it is none."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return content.decode(encoding, errors="replace")
    sample = content[:_SAMPLE]
    if (wide := _utf_16(sample)) is not None:
        return content.decode(wide, errors="replace")
    if len(_CONTROL.findall(sample)) > _MOST_CONTROL * len(sample):
        raise Refusal(FileUnsupportedError)
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        # A few broken characters make it no other encoding.
        if error.start > _SAMPLE or _is_nearly_utf_8(sample):
            return content.decode(errors="replace")
    return content.decode(_single_byte(sample), errors="replace")


def _is_nearly_utf_8(sample: bytes) -> bool:
    """Tell a text that was cut in a character, or has a few broken ones: in another encoding most are."""
    text = sample.decode(errors="replace")
    broken = text.count("�")
    return sum(char > "\x7f" for char in text) - broken > _MOST_BROKEN * broken


def _utf_16(sample: bytes) -> str | None:
    """Tell UTF-16 without a mark, whose every other byte is zero in Latin text, and four in Cyrillic."""
    if len(sample) < 4:
        return None
    for encoding, first in (("utf-16-le", 1), ("utf-16-be", 0)):
        high = sample[first::2]
        if sum(byte in (0, 4) for byte in high) > 0.9 * len(high) and sample.count(0) > 0:
            return encoding
    return None


def _single_byte(sample: bytes) -> str:
    """Choose between Cyrillic encodings and the Western one.

    Russian words are runs of letters above ASCII, where Western ones have a letter here and there.
    """
    runs = _HIGH_RUN.findall(sample)
    high = sum(map(len, runs))
    in_words = sum(len(run) for run in runs if len(run) > 2)
    if not high or in_words < high / 2:
        return "cp1252"
    return max(_CYRILLIC, key=lambda encoding: _likeness(sample.decode(encoding, errors="replace")))


def _likeness(text: str) -> float:
    """Tell how Russian a text looks: in a wrong encoding it has rare letters and capitals inside."""
    return (
        len(_COMMON.findall(text))
        + 0.5 * len(_RUSSIAN.findall(text))
        - 2 * len(_CAPITAL_INSIDE.findall(text))
        - text.count("�")
    )
