"""Answers of models, which are Markdown, as messages of Telegram: texts with entities.

Entities and no `parse_mode`: there is nothing to escape, and nothing that Telegram could fail to parse.
"""

from vitte.bot.formatting.answers import draft_piece, message_pieces
from vitte.bot.formatting.pieces import Piece

__all__ = ["Piece", "draft_piece", "message_pieces"]
