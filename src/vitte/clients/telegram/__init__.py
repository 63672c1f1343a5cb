"""The bot's account at Telegram, and the one gateway by which everything goes out."""

import vitte.core.aiogram_models  # noqa: F401 - before any other import of aiogram
from vitte.clients.telegram.account import create_bot

__all__ = ["create_bot"]
