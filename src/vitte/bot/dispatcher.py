"""The dispatcher: handlers, and what stands before them."""

from aiogram import Dispatcher
from aiogram.types import Update
from dishka import AsyncContainer
from dishka.integrations.aiogram import setup_dishka

from vitte.bot.handlers import include_handlers
from vitte.bot.middlewares.errors import ErrorReplyMiddleware
from vitte.bot.middlewares.groups import GroupMiddleware
from vitte.bot.middlewares.person import PersonMiddleware


def create_dispatcher(container: AsyncContainer) -> Dispatcher:
    """Make the dispatcher. `emit_startup` has to be called before the first update is fed to it."""
    # Models are built when they are first used, and nobody should wait for this one.
    Update.model_rebuild()
    # Nothing is kept between updates outside the database, so there is no state storage to lock.
    dispatcher = Dispatcher(disable_fsm=True)
    # Before our own middlewares, or they and the handlers would get different transactions.
    setup_dishka(container, dispatcher, auto_inject=True)
    observers = (dispatcher.message, dispatcher.callback_query, dispatcher.stopped_message_generation)
    for observer in observers:
        if observer is dispatcher.message:
            observer.outer_middleware(GroupMiddleware())
        observer.outer_middleware(PersonMiddleware())
        observer.outer_middleware(ErrorReplyMiddleware())
    include_handlers(dispatcher)
    return dispatcher
