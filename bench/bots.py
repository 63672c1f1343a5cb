"""The bots that the product is compared with."""

import asyncio
import sys
from contextlib import suppress

import structlog
from aiogram import Bot, Dispatcher
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import TelegramNetworkError
from aiogram.types import Message

from vitte.bot.dispatcher import create_dispatcher
from vitte.clients.telegram import create_bot
from vitte.clients.telegram.gateway import Gateway
from vitte.clients.telegram.limits import Limits
from vitte.core.logging import configure_logging
from vitte.core.settings import Settings, load_settings
from vitte.main.container import make_container
from vitte.main.run import run_until_stopped, tune_garbage_collection
from vitte.main.telegram import InputProvider, TelegramProvider

logger = structlog.get_logger(__name__)

_TRIES = 5


async def _ignore(_chat_id: int) -> None:
    """Nobody blocks a bot here."""


async def run_without_inbox(settings: Settings, _stop: asyncio.Event) -> None:
    """Run the product's own handlers behind aiogram's own polling, in all else as the product runs them."""
    container = make_container(settings, TelegramProvider(), InputProvider(), process="bot")
    gateway = Gateway(await container.get(Limits), settings.outbound, on_blocked=_ignore)
    bot = create_bot(settings.telegram, gateway)
    dispatcher = create_dispatcher(container)
    tune_garbage_collection()
    logger.info("bot_ready")
    await dispatcher.start_polling(bot, handle_signals=False, polling_timeout=settings.telegram.poll_timeout)


async def _echo(message: Message) -> None:
    # A server that closes a connection that rested may do so just now; a lost answer would be waited for.
    for _ in range(_TRIES):
        with suppress(TelegramNetworkError):
            await message.answer(message.text or "")
            return


async def run_echo(settings: Settings, *, is_tuned: bool) -> None:
    """Run the bot of aiogram's own first page: it says what it hears, and stores nothing.

    `is_tuned`: its garbage is collected as the product's is.
    """
    session = AiohttpSession(api=TelegramAPIServer.from_base(settings.telegram.api_url))
    dispatcher = Dispatcher()
    dispatcher.message.register(_echo)
    if is_tuned:
        tune_garbage_collection()
    logger.info("bot_ready")
    await dispatcher.start_polling(
        Bot(settings.telegram.token.get_secret_value(), session=session), handle_signals=False
    )


def main() -> None:
    """Run `without-inbox`, `echo` or `echo-tuned` until killed."""
    settings = load_settings("bot")
    configure_logging(process="bot", format="json")
    if sys.argv[1].startswith("echo"):
        asyncio.run(run_echo(settings, is_tuned=sys.argv[1] == "echo-tuned"))
    else:
        run_until_stopped(lambda stop: run_without_inbox(settings, stop), patience=1)


if __name__ == "__main__":
    main()
