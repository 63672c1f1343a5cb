"""Headers that tell a browser what it may do with an answer."""

from collections.abc import Callable, Mapping

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# HSTS is missing on purpose: it belongs to whoever ends TLS, and would lock a laptop out of plain HTTP.
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}

HeadersForPath = Callable[[str], Mapping[str, str]]


class SecurityHeadersMiddleware:
    """Adds the headers that every answer needs, and those that `more` names for its path.

    A header that the answer has already stays as it is.
    """

    def __init__(self, app: ASGIApp, *, more: HeadersForPath) -> None:
        self._app = app
        self._more = more

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        more = self._more(scope["path"])

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in (*_HEADERS.items(), *more.items()):
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)
