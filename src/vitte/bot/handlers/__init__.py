"""What the bot does with updates: each handler translates between Telegram and a service."""

from aiogram import Dispatcher

from vitte.bot.handlers import (
    answers,
    buttons,
    chat,
    dialogs,
    help,  # noqa: A004 - the command's own name
    membership,
    memory,
    model,
    new,
    persona,
    settings,
    start,
    status,
    stop,
)


def include_handlers(dispatcher: Dispatcher) -> None:
    """Register every handler. Routers are made anew at each call, as one belongs to one dispatcher."""
    # The names of dialogs come before commands, and those before the chat, which takes any text.
    commands = (start, help, new, persona, model, memory, settings, status, stop)
    for module in (membership, dialogs, *commands, answers, chat, buttons):
        dispatcher.include_router(module.create_router())
