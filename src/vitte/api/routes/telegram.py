"""The door for Telegram's updates in webhook mode."""

import hmac

import structlog
from dishka.integrations.fastapi import FromDishka, inject
from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from vitte.core.settings import SettingsError
from vitte.core.settings.outside import TelegramSettings
from vitte.core.settings.root import variable
from vitte.inbox.schemas import NotAnUpdateError
from vitte.inbox.service import InboxService

logger = structlog.get_logger(__name__)

MAX_BODY = 1024 * 1024
"""Longest update, in bytes; Telegram's own are a few thousand."""
_SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - a header's name


def create_telegram_router(settings: TelegramSettings) -> APIRouter:
    """Make the route that `setWebhook` points at: https://core.telegram.org/bots/api#setwebhook .

    Raises SettingsError when there is no token: updates are stored under the bot's id, which it begins with.
    """
    router = APIRouter(prefix="/api/v1/telegram", tags=["telegram"])
    secret = settings.webhook_secret.get_secret_value().encode()
    try:
        bot_id = settings.bot_id
    except ValueError as error:
        raise SettingsError(f"{variable('telegram.token')}: {error}") from None

    @router.post("/webhook", response_class=Response)
    @inject
    async def webhook(request: Request, inbox: FromDishka[InboxService]) -> Response:
        """Store an update. The answer is empty because Telegram executes what stands in it."""
        # As bytes: comparing text in constant time fails for what is not ASCII.
        given = request.headers.get(_SECRET_HEADER, "").encode("latin-1")
        if not hmac.compare_digest(given, secret):
            logger.warning("webhook_refused", client=request.client and request.client.host)
            raise HTTPException(401, "The secret token is missing or wrong.")
        try:
            await inbox.take_in(bot_id, [await _read(request)])
        except NotAnUpdateError as error:
            raise HTTPException(400, f"This is no update: {error}.") from None
        return Response()

    return router


async def _read(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            raise HTTPException(413, f"An update has at most {MAX_BODY} bytes.")
    return bytes(body)
