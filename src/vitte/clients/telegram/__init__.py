"""The bot's account at Telegram, and the one gateway by which everything goes out."""

from vitte.clients.telegram.account import create_bot

__all__ = ["create_bot"]
