"""What is sent of an answer: while it grows, and once it is complete."""

import structlog

from vitte.bot.formatting.pieces import Piece, newest_piece, pieces_of
from vitte.bot.formatting.render import render
from vitte.bot.formatting.source import clean
from vitte.bot.formatting.spans import ITALIC, Formatted, Span
from vitte.bot.formatting.unfinished import completed, newest_source
from vitte.bot.metrics import PLAIN_FALLBACKS
from vitte.bot.splitting import MAX_MESSAGE, is_visible

logger = structlog.get_logger(__name__)

_NOTHING = "…"


def message_pieces(markdown: str, *, notice: str = "") -> list[Piece]:
    """Return the messages of an answer, at least one; `notice` stands below it, as it is."""
    formatted = _rendered(markdown)
    if not is_visible(formatted.text):
        # All of it was mark-up: rather that than nothing.
        formatted = _plain(markdown)
    return pieces_of(_with_line(formatted, notice)) or [Piece(_NOTHING, [])]


def draft_piece(markdown: str, *, status: str = "") -> Piece | None:
    """Return the newest part of an answer that still grows, with a line below it; None when nothing shows."""
    formatted = _rendered(completed(newest_source(markdown)))
    line = clean(status).strip()[: MAX_MESSAGE // 4]
    spaced = _with_line(formatted, line)
    if line:
        span = Span(ITALIC, len(spaced.text) - len(line), len(spaced.text))
        spaced = Formatted(spaced.text, [*spaced.spans, span])
    piece = newest_piece(spaced)
    return piece if is_visible(piece.text) else None


def _rendered(markdown: str) -> Formatted:
    try:
        return render(markdown)
    except Exception:
        # People want the answer more than its looks, and a repetition would fail in the same way.
        logger.exception("formatting_failed", characters=len(markdown))
        PLAIN_FALLBACKS.labels(at="render").inc()
        return _plain(markdown)


def _plain(markdown: str) -> Formatted:
    return Formatted(clean(markdown).strip(), [])


def _with_line(formatted: Formatted, line: str) -> Formatted:
    if not line:
        return formatted
    text = formatted.text.rstrip()
    return Formatted(
        f"{text}\n\n{line}" if text else line, [s for s in formatted.spans if s.start < len(text)]
    )
