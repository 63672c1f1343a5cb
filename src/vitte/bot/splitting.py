"""Cutting a long text into messages that Telegram takes."""

import re
import unicodedata
from collections.abc import Sequence

MAX_MESSAGE = 4096
"""Longest message, in UTF-16 code units: https://core.telegram.org/bots/api#sendmessage ."""
_INVISIBLE = re.compile(
    "[\x00-\x20\xa0\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f\u2800\u3000\ufeff\ufffc\U000e0000-\U000e007f]*"
)
_ZWJ = "\u200d"
_MAX_CLUSTER = 64
"""Characters to look back for the beginning of an emoji or a letter; longer heaps of marks are cut."""


def utf16_length(text: str) -> int:
    """Return the length of a text as Telegram counts it."""
    if text.isascii():
        return len(text)
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def is_visible(text: str) -> bool:
    """Tell whether Telegram finds anything in the text: it refuses messages that show nothing.

    What counts as nothing is in `strip_empty_characters` of https://github.com/tdlib/td .
    """
    return _INVISIBLE.fullmatch(text) is None


def head(text: str, limit: int = MAX_MESSAGE) -> str:
    """Return the longest beginning of `text` that has at most `limit` UTF-16 units."""
    if utf16_length(text) <= limit:
        return text
    return text[:limit].encode("utf-16-le")[: 2 * limit].decode("utf-16-le", errors="ignore")


def tail(text: str, limit: int = MAX_MESSAGE) -> str:
    """Return the longest end of `text` that has at most `limit` UTF-16 units."""
    return head(text[::-1], limit)[::-1]


def split(text: str, limit: int = MAX_MESSAGE) -> list[str]:
    """Cut a text at paragraphs, else lines, else words, else anywhere, into pieces that can be sent.

    Pieces that show nothing are left out: Telegram refuses them.
    """
    pieces = []
    rest = text.strip()
    while rest:
        end = len(head(rest, limit))
        if end < len(rest):
            end = find_cut(rest, 0, end)
        if is_visible(piece := rest[:end].rstrip()):
            pieces.append(piece)
        rest = rest[end:].strip()
    return pieces


def find_cut(text: str, start: int, end: int, whole: Sequence[tuple[int, int]] = ()) -> int:
    """Return where a reader would cut `text` between `start` and `end`, at the latest at `end`.

    Between paragraphs, else lines, where possible outside of the ranges that are better left `whole`; else
    between words, else letters. A cut in the first half would make many small messages: rather cut at
    something lesser.
    """
    middle = start + (end - start) // 2
    for mark, barriers in (("\n\n", whole), ("\n", whole), ("\n\n", ()), ("\n", ()), (" ", ())):
        cut = _last(text, mark, middle, end, barriers)
        if cut > middle:
            return cut
    return _between_letters(text, start, end)


def _last(text: str, mark: str, begin: int, end: int, whole: Sequence[tuple[int, int]]) -> int:
    """Return where the last `mark` stands that is in none of the ranges, -1 for nowhere."""
    # A mark may lie across the end: what follows it begins the next message.
    cut = text.rfind(mark, begin, end + len(mark))
    while cut > begin:
        inside = next((first for first, last in whole if first < cut < last), None)
        if inside is None and cut <= end:
            return cut
        cut = text.rfind(mark, begin, min(cut if inside is None else inside, end) + len(mark) - 1)
    return -1


def _between_letters(text: str, start: int, end: int) -> int:
    for cut in range(end, max(start, end - _MAX_CLUSTER), -1):
        if not _joins(text, cut):
            return cut
    return end


def _joins(text: str, cut: int) -> bool:
    """Tell whether what follows the cut is shown in one with what is before it: an accent, a flag's half."""
    if cut >= len(text):
        return False
    before, after = text[cut - 1], text[cut]
    if after.isascii() and before.isascii():
        return False
    if _ZWJ in (before, after) or _extends(after):
        return True
    if not (_is_flag_half(before) and _is_flag_half(after)):
        return False
    halves = 1
    while halves < cut and _is_flag_half(text[cut - 1 - halves]):
        halves += 1
    return halves % 2 == 1


def _extends(character: str) -> bool:
    return (
        unicodedata.category(character).startswith("M")
        or "\U0001f3fb" <= character <= "\U0001f3ff"
        or "\U000e0020" <= character <= "\U000e007f"
    )


def _is_flag_half(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"
