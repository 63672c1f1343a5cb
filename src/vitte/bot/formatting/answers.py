"""What is sent of an answer: while it grows, and once it is complete."""

from vitte.bot.formatting.pieces import Piece, newest_piece, pieces_of
from vitte.bot.formatting.render import render
from vitte.bot.formatting.source import clean
from vitte.bot.formatting.spans import ITALIC, Formatted, Span
from vitte.bot.formatting.unfinished import completed, newest_source
from vitte.bot.splitting import MAX_MESSAGE, is_visible, split

_NOTHING = "…"


def message_pieces(markdown: str, *, notice: str = "") -> list[Piece]:
    """Return the messages of an answer, at least one; `notice` stands below it, as it is."""
    formatted = render(markdown)
    if not is_visible(formatted.text):
        # All of it was mark-up: rather that than nothing.
        formatted = Formatted(clean(markdown).strip(), [])
    pieces = pieces_of(_with_line(formatted, notice))
    return pieces or [Piece(_NOTHING, [])]


def draft_piece(markdown: str, *, status: str = "") -> Piece | None:
    """Return the newest part of an answer that still grows, with a line below it; None when nothing shows."""
    formatted = render(completed(newest_source(markdown)))
    line = clean(status).strip()[: MAX_MESSAGE // 4]
    spaced = _with_line(formatted, line)
    if line:
        span = Span(ITALIC, len(spaced.text) - len(line), len(spaced.text))
        spaced = Formatted(spaced.text, [*spaced.spans, span])
    piece = newest_piece(spaced)
    return piece if is_visible(piece.text) else None


def plain_pieces(markdown: str, *, notice: str = "") -> list[Piece]:
    """Return the messages of an answer as the model wrote it, for the case that nothing else is taken."""
    text = "\n\n".join(filter(None, (clean(markdown).strip(), notice)))
    return [Piece(piece, []) for piece in split(text)] or [Piece(_NOTHING, [])]


def _with_line(formatted: Formatted, line: str) -> Formatted:
    if not line:
        return formatted
    text = formatted.text.rstrip()
    return Formatted(
        f"{text}\n\n{line}" if text else line, [s for s in formatted.spans if s.start < len(text)]
    )
