"""The bot's process."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack

# Before any other import of aiogram.
import vitte.core.aiogram_models  # noqa: F401  # isort: skip

import structlog
from aiogram import Bot
from aiogram.exceptions import (
    TelegramNetworkError,
    TelegramNotFound,
    TelegramRetryAfter,
    TelegramServerError,
    TelegramUnauthorizedError,
)
from dishka import AsyncContainer
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from vitte.assistant.repository import STOPS_CHANNEL
from vitte.assistant.stops import StopService
from vitte.assistant.tools.registry import ToolRegistry
from vitte.bot.commands import publish_commands
from vitte.bot.consumer import Consumer
from vitte.bot.dispatcher import create_dispatcher
from vitte.bot.http import start_http
from vitte.bot.intake import UpdateHandler
from vitte.bot.polling import Poller
from vitte.clients.telegram import create_bot
from vitte.clients.telegram.gateway import Gateway
from vitte.clients.telegram.limits import Limits
from vitte.core.nursery import Nursery
from vitte.core.settings import Settings, SettingsError
from vitte.core.settings.root import variable
from vitte.db.listener import Channel, NotificationListener
from vitte.db.outages import DATABASE_ERRORS
from vitte.inbox.repository import INBOX_CHANNEL
from vitte.inbox.service import InboxService
from vitte.main.begin import begin
from vitte.main.container import make_container
from vitte.main.run import run_until_stopped, tune_garbage_collection
from vitte.main.telegram import InputProvider, TelegramProvider
from vitte.users.presence import Presence
from vitte.users.service import UserService

logger = structlog.get_logger(__name__)

_READY_TIMEOUT = 2.0
_RECONNECT_AFTER = 5.0


def run(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT. Raises SettingsError when Telegram does not know the token."""
    begin(settings, process="bot")
    run_until_stopped(
        lambda stop: serve(settings, stop, when_built=tune_garbage_collection),
        patience=settings.bot.stop_timeout,
    )


async def serve(
    settings: Settings, stop: asyncio.Event, *, when_built: Callable[[], None] = lambda: None
) -> None:
    """Take updates in and handle them until `stop` is set; then let what is in progress end.

    `when_built` is called once all parts are there, before the first update.
    """
    async with AsyncExitStack() as stack:
        container = make_container(settings, TelegramProvider(), InputProvider(), process="bot")
        stack.push_async_callback(container.close)
        bot = await _create_bot(settings, container)
        stack.push_async_callback(bot.session.close)
        dispatcher = create_dispatcher(container)
        await dispatcher.emit_startup(bot=bot)
        inbox = await container.get(InboxService)
        handler = UpdateHandler(bot, dispatcher)
        consumer = Consumer(
            inbox, settings.bot, bot_id=bot.id, handle=handler.handle, give_up=handler.give_up
        )
        nursery = Nursery()
        stack.push_async_callback(nursery.stop)
        connected = asyncio.Event()
        http = await start_http(settings.bot, is_ready=lambda: _is_ready(container, connected))
        stack.push_async_callback(http.cleanup)
        nursery.start(consumer.run(), name="consumer")
        presence = await container.get(Presence)
        nursery.start(presence.run(), name="presence")
        # What it loads for MCP servers takes a second, in which nobody should wait for an answer.
        await container.get(ToolRegistry)
        # Outlives the nursery: what a stopping process is still finishing can be stopped by others.
        listening = Nursery()
        stack.push_async_callback(listening.stop)
        channels = _channels(consumer, await container.get(StopService))
        listening.start(NotificationListener(settings.database, channels).run(), name="listener")
        when_built()
        allowed_updates = dispatcher.resolve_used_update_types()
        connecting = nursery.start(_connect(bot, settings, allowed_updates), name="connect")
        stopping = nursery.start(stop.wait(), name="wait_for_stop")
        await asyncio.wait({connecting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if connecting.done():
            await connecting
            connected.set()
            if settings.telegram.mode == "polling":
                poller = Poller(settings.telegram, consumer.take_in, allowed_updates=allowed_updates)
                nursery.start(poller.run(), name="poller")
            logger.info("bot_ready", mode=settings.telegram.mode)
            await stop.wait()
        await nursery.stop()
        await consumer.drain(timeout=settings.bot.stop_timeout)
        await presence.close()
        await dispatcher.emit_shutdown(bot=bot)


def _channels(consumer: Consumer, stops: StopService) -> list[Channel]:
    async def look_again() -> None:
        consumer.wake()

    return [
        Channel(name=INBOX_CHANNEL, hear=lambda _: consumer.wake(), catch_up=look_again),
        Channel(name=STOPS_CHANNEL, hear=stops.hear, catch_up=stops.catch_up),
    ]


async def _create_bot(settings: Settings, container: AsyncContainer) -> Bot:
    async def note_blocked(chat_id: int) -> None:
        async with container() as request:
            users = await request.get(UserService)
            await users.set_blocked(chat_id, blocked=True)

    gateway = Gateway(await container.get(Limits), settings.outbound, on_blocked=note_blocked)
    try:
        return create_bot(settings.telegram, gateway)
    except ValueError as error:
        raise SettingsError(f"{variable('telegram.token')}: {error}") from None


async def _connect(bot: Bot, settings: Settings, allowed_updates: list[str]) -> None:
    """Tell Telegram how updates come in and which commands there are, however long Telegram is away.

    Raises SettingsError for a wrong token.
    """
    while True:
        try:
            await _introduce(bot, settings, allowed_updates)
        except (TelegramUnauthorizedError, TelegramNotFound):
            raise SettingsError(f"{variable('telegram.token')}: Telegram does not know this token") from None
        except (TelegramNetworkError, TelegramServerError, TelegramRetryAfter) as error:
            logger.warning("telegram_away", reason=type(error).__name__)
            await asyncio.sleep(_RECONNECT_AFTER)
        else:
            return


async def _introduce(bot: Bot, settings: Settings, allowed_updates: list[str]) -> None:
    telegram = settings.telegram
    me = await bot.get_me()
    logger.info("telegram_reached", bot_id=me.id, username=me.username)
    if telegram.mode == "webhook":
        await bot.set_webhook(
            telegram.webhook_url,
            allowed_updates=allowed_updates,
            secret_token=telegram.webhook_secret.get_secret_value(),
        )
    else:
        # Telegram refuses to be polled while it has a webhook; what has come in meanwhile is kept.
        await bot.delete_webhook(drop_pending_updates=False)
    await publish_commands(bot)


async def _is_ready(container: AsyncContainer, connected: asyncio.Event) -> bool:
    if not connected.is_set():
        return False
    engine = await container.get(AsyncEngine)
    try:
        async with asyncio.timeout(_READY_TIMEOUT), engine.connect() as connection:
            await connection.execute(text("SELECT 1"))
    except DATABASE_ERRORS:
        return False
    return True
