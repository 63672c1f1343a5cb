"""What is counted about requests, and the page that Prometheus reads."""

import time
from collections.abc import Callable

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Histogram, generate_latest
from starlette.responses import Response
from starlette.routing import Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

REQUESTS = Counter(
    "vitte_http_requests", "Requests by the template of their route.", ["method", "route", "status"]
)
REQUEST_SECONDS = Histogram(
    "vitte_http_request_seconds",
    "Time from a request to the end of its answer.",
    ["method", "route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
Render = Callable[[], bytes]
"""Returns all metrics in Prometheus' text format."""

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class RequestMetricsMiddleware:
    """Counts and times requests.

    By route template, never by path: whoever calls us chooses paths and methods, and every new label is
    memory for ever.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        root_path = scope.get("root_path", "")
        status = 500
        started = time.perf_counter()

        async def send_and_look(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_and_look)
        finally:
            method = scope["method"] if scope["method"] in _METHODS else "OTHER"
            route = _route_template(scope, root_path)
            REQUESTS.labels(method, route, str(status)).inc()
            REQUEST_SECONDS.labels(method, route).observe(time.perf_counter() - started)


def create_metrics_router(render: Render = generate_latest) -> APIRouter:
    """Make the route of `/metrics`; `render` is another where several processes count together."""
    router = APIRouter()

    @router.get("/metrics", include_in_schema=False)
    async def metrics() -> Response:
        return Response(render(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    return router


def _route_template(scope: Scope, root_path: str) -> str:
    route = scope.get("route")
    if route is None:
        return "unmatched"
    mounted_at = scope.get("root_path", "").removeprefix(root_path)
    if isinstance(route, Mount):
        return f"{mounted_at}/{{path}}"
    return f"{mounted_at}{route.path}"
