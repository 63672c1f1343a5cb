"""The dispatcher: handlers, and what stands before them."""

from aiogram import Dispatcher
from aiogram.types import Update
from dishka import AsyncContainer

from vitte.bot.handlers import include_handlers
from vitte.bot.middlewares.errors import ErrorReplyMiddleware
from vitte.bot.middlewares.groups import GroupMiddleware
from vitte.bot.middlewares.person import PersonMiddleware
from vitte.bot.routing import LaidOutDispatcher


def create_dispatcher(container: AsyncContainer) -> Dispatcher:
    """Make the dispatcher. `emit_startup` has to be called before the first update is fed to it."""
    # Models are built when they are first used, and nobody should wait for this one.
    Update.model_rebuild()
    dispatcher = LaidOutDispatcher(container)
    observers = (
        dispatcher.message,
        dispatcher.edited_message,
        dispatcher.callback_query,
        dispatcher.stopped_message_generation,
    )
    for observer in observers:
        if observer in (dispatcher.message, dispatcher.edited_message):
            observer.outer_middleware(GroupMiddleware())
        observer.outer_middleware(PersonMiddleware())
        observer.outer_middleware(ErrorReplyMiddleware())
    include_handlers(dispatcher)
    return dispatcher
