"""Vitte: a self-hosted AI assistant for Telegram."""

__version__ = "0.1.0"
