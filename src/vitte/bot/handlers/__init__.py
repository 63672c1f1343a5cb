"""What the bot does with updates: each handler translates between Telegram and a service."""

from aiogram import Dispatcher

from vitte.bot.handlers import chat, help, membership, memory, start, status, stop  # noqa: A004 - the command's own name


def include_handlers(dispatcher: Dispatcher) -> None:
    """Register every handler. Routers are made anew at each call, as one belongs to one dispatcher."""
    # Commands come before the chat, which takes any text.
    for module in (membership, start, help, status, memory, stop, chat):
        dispatcher.include_router(module.create_router())
