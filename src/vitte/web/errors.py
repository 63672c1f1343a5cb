"""Errors as HTTP answers: one shape for all, `{"error": {"code", "message", "correlation_id"}}`."""

from collections.abc import Mapping
from http import HTTPStatus

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vitte.core.errors import UnavailableError, VitteError
from vitte.core.ids import current_correlation_id

logger = structlog.get_logger(__name__)

RETRY_AFTER = "5"
"""Seconds after which a caller may try again when a part is away."""


def error_response(
    code: str, message: str, *, status: int, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """Return an error in the one shape."""
    error = {"code": code, "message": message, "correlation_id": current_correlation_id()}
    return JSONResponse({"error": error}, status_code=status, headers=dict(headers or {}))


def add_error_handlers(app: FastAPI) -> None:
    """Make `app` answer every expected error in the one shape."""
    app.add_exception_handler(VitteError, _on_vitte_error)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)


class UnexpectedErrorMiddleware:
    """Logs an error that nobody foresaw, and answers 500 without a word about its cause.

    Starlette's own handler for this stands outside all middlewares: its answers would have neither the
    correlation id nor the security headers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        has_begun = has_ended = False

        async def send_and_look(message: Message) -> None:
            nonlocal has_begun, has_ended
            has_begun = True
            has_ended = message["type"] == "http.response.body" and not message.get("more_body")
            await send(message)

        try:
            await self._app(scope, receive, send_and_look)
        except Exception:
            logger.exception("request_failed", method=scope["method"], path=scope["path"])
            if has_ended:
                return
            if has_begun:
                raise  # the server has to break the connection off: the answer is incomplete
            response = error_response("internal", "Something went wrong on our side.", status=500)
            await response(scope, receive, send)


async def _on_vitte_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, VitteError)  # noqa: S101 - Starlette calls this for nothing else
    headers = {"Retry-After": RETRY_AFTER} if isinstance(error, UnavailableError) else None
    if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        logger.warning("request_refused", code=error.code, reason=str(error))
    return error_response(error.code, str(error), status=error.status, headers=headers)


async def _on_http_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - Starlette calls this for nothing else
    code = HTTPStatus(error.status_code).name.lower()
    return error_response(code, str(error.detail), status=error.status_code, headers=error.headers)


async def _on_invalid_request(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - Starlette calls this for nothing else
    faults = (f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
    return error_response("invalid_request", "; ".join(faults), status=422)
