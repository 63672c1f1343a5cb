"""The bot's account at Telegram."""

import orjson
from aiogram import Bot
from aiogram.client.telegram import TelegramAPIServer

from vitte.clients.telegram.gateway import Gateway
from vitte.clients.telegram.session import JsonSession
from vitte.core.settings.outside import TelegramSettings


def create_bot(settings: TelegramSettings, gateway: Gateway) -> Bot:
    """Make the client of the Bot API, all of whose calls pass the gateway.

    Its session opens on first use and wants to be closed. Raises ValueError for a text that is no token.
    """
    _ = settings.bot_id  # our sentence about a wrong token comes before aiogram's
    session = JsonSession(
        api=TelegramAPIServer.from_base(settings.api_url),
        json_loads=orjson.loads,
        timeout=settings.request_timeout,
    )
    session.middleware(gateway)
    return Bot(settings.token.get_secret_value(), session=session)
