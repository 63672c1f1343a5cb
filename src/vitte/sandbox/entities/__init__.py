"""Formatted text as Telegram's servers understand it.

The rules and the error texts follow the behaviour of https://github.com/tdlib/td ,
td/telegram/MessageEntity.cpp, and https://core.telegram.org/bots/api#formatting-options .
"""
