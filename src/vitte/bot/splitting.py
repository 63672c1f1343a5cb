"""Cutting a long text into messages that Telegram takes."""

MAX_MESSAGE = 4096
"""Longest message, in UTF-16 code units: https://core.telegram.org/bots/api#sendmessage ."""


def utf16_length(text: str) -> int:
    """Return the length of a text as Telegram counts it."""
    return len(text) + sum(character > "\uffff" for character in text)


def head(text: str, limit: int = MAX_MESSAGE) -> str:
    """Return the longest beginning of `text` that has at most `limit` UTF-16 units."""
    if utf16_length(text) <= limit:
        return text
    return text.encode("utf-16-le")[: 2 * limit].decode("utf-16-le", errors="ignore")


def tail(text: str, limit: int = MAX_MESSAGE) -> str:
    """Return the longest end of `text` that has at most `limit` UTF-16 units."""
    return head(text[::-1], limit)[::-1]


def split(text: str, limit: int = MAX_MESSAGE) -> list[str]:
    """Cut a text at paragraphs, else lines, else words, else anywhere, into pieces that can be sent.

    Pieces of nothing but white space are left out: Telegram refuses them.
    """
    pieces = []
    rest = text.strip()
    while rest:
        piece = head(rest, limit)
        if len(piece) < len(rest):
            # A cut in the first half would make many small messages: rather cut at something lesser.
            cuts = (piece.rfind(mark) for mark in ("\n\n", "\n", " "))
            cut = next((position for position in cuts if position > len(piece) // 2), len(piece))
            piece = piece[:cut]
        pieces.append(piece.rstrip())
        rest = rest[len(piece) :].strip()
    return pieces
