"""Telegram's updates are stored here before they are acknowledged, and handled from here."""
