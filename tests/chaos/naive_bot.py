"""What the suite is to catch: the product's own handlers and services behind aiogram's own polling.

No inbox: an update is acknowledged by the next poll, whatever has become of it.
"""

import asyncio

import structlog

from vitte.bot.dispatcher import create_dispatcher
from vitte.clients.telegram import create_bot
from vitte.clients.telegram.gateway import Gateway
from vitte.clients.telegram.limits import Limits
from vitte.core.logging import configure_logging
from vitte.core.settings import load_settings
from vitte.main.container import make_container
from vitte.main.telegram import InputProvider, TelegramProvider

logger = structlog.get_logger(__name__)


async def _note_blocked(chat_id: int) -> None:
    logger.info("blocked", chat_id=chat_id)


async def main() -> None:
    """Poll until SIGTERM."""
    settings = load_settings("bot")
    configure_logging(process="naive_bot", format="json")
    container = make_container(settings, TelegramProvider(), InputProvider(), process="bot")
    try:
        gateway = Gateway(await container.get(Limits), settings.outbound, on_blocked=_note_blocked)
        bot = create_bot(settings.telegram, gateway)
        logger.info("bot_ready")
        await create_dispatcher(container).start_polling(bot, polling_timeout=settings.telegram.poll_timeout)
    finally:
        await container.close()


if __name__ == "__main__":
    asyncio.run(main())
