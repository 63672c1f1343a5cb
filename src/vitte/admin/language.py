"""Which language the browser wants."""

from babel.core import negotiate_locale
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Receive, Scope, Send

from vitte.admin.texts import LANGUAGES


class AcceptLanguageMiddleware:
    """Reduces `Accept-Language` to the one language that fits best.

    starlette-admin compares the whole header with the names of its languages, which no browser's header
    such as `ru-RU,ru;q=0.9,en;q=0.8` ever equals.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI connection."""
        if scope["type"] == "http":
            wanted = Headers(scope=scope).get("Accept-Language", "")
            scope["headers"] = list(scope["headers"])
            MutableHeaders(scope=scope)["Accept-Language"] = best_language(wanted)
        await self._app(scope, receive, send)


def best_language(header: str) -> str:
    """Return the language of ours that an `Accept-Language` header prefers."""
    weighted: list[tuple[float, str]] = []
    for item in header.split(","):
        tag, _, parameter = item.strip().partition(";")
        try:
            weight = float(parameter.strip().removeprefix("q=") or 1)
        except ValueError:
            continue
        if tag and weight > 0:
            weighted.append((weight, tag))
    weighted.sort(key=lambda pair: -pair[0])
    return negotiate_locale([tag for _, tag in weighted], LANGUAGES, sep="-") or LANGUAGES[0]
