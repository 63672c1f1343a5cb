"""The id that joins a request to its log lines and its jobs."""

import re

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vitte.core.ids import bind_correlation_id

HEADER = "X-Request-ID"
_SANE = re.compile(r"[A-Za-z0-9_-]{1,64}")


class CorrelationIdMiddleware:
    """Binds the request's `X-Request-ID`, or a new id if that is not sane, and answers with it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(HEADER, "")
        correlation_id = bind_correlation_id(given if _SANE.fullmatch(given) else None)

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[HEADER] = correlation_id
            await send(message)

        await self._app(scope, receive, send_with_id)
