"""The application of the public HTTP interface."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from dishka import AsyncContainer
from dishka.integrations.fastapi import setup_dishka
from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from prometheus_client import generate_latest
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.middleware.cors import CORSMiddleware

from vitte import __version__
from vitte.api.routes.telegram import create_telegram_router
from vitte.core.settings import Settings
from vitte.web.correlation import CorrelationIdMiddleware
from vitte.web.errors import UnexpectedErrorMiddleware, add_error_handlers
from vitte.web.health import check_database, check_redis, create_health_router
from vitte.web.metrics import Render, RequestMetricsMiddleware, create_metrics_router
from vitte.web.security_headers import SecurityHeadersMiddleware

_POLICY = "default-src 'none'; frame-ancestors 'none'"
# The two pages of documentation set themselves up in scripts of their own.
_DOCS_POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; worker-src blob:; frame-ancestors 'none'"
)
_DOCS = frozenset({"/docs", "/redoc"})


def create_app(
    settings: Settings, container: AsyncContainer, *, render_metrics: Render | None = None
) -> FastAPI:
    """Make the application. It owns `container` and closes it, and so every pool, at its end.

    `render_metrics` speaks for all processes where this is one of several.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await container.close()

    if settings.api.docs:
        app = FastAPIOffline(title="Vitte", version=__version__, lifespan=lifespan)
    else:
        app = FastAPI(title="Vitte", version=__version__, lifespan=lifespan, openapi_url=None)
    add_error_handlers(app)
    _add_middlewares(app, settings, container)
    _add_routes(app, settings, container)
    app.include_router(create_metrics_router(render_metrics or generate_latest))
    return app


def _add_middlewares(app: FastAPI, settings: Settings, container: AsyncContainer) -> None:
    # The last one added is the first to see a request.
    setup_dishka(container, app)
    app.add_middleware(UnexpectedErrorMiddleware)
    if settings.api.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.api.cors_origins,
            allow_methods=["*"],
            allow_headers=["*"],
            expose_headers=["X-Request-ID"],
        )
    app.add_middleware(SecurityHeadersMiddleware, more=_headers)
    app.add_middleware(RequestMetricsMiddleware)
    app.add_middleware(CorrelationIdMiddleware)


def _headers(path: str) -> Mapping[str, str]:
    return {"Content-Security-Policy": _DOCS_POLICY if path in _DOCS else _POLICY}


def _add_routes(app: FastAPI, settings: Settings, container: AsyncContainer) -> None:
    async def database() -> None:
        await check_database(await container.get(AsyncEngine))

    async def redis() -> None:
        await check_redis(await container.get(Redis))

    checks = {"db": database, "redis": redis}
    app.include_router(create_health_router(checks))
    app.include_router(create_health_router(checks, prefix="/api/v1"))
    if settings.telegram.mode == "webhook":
        app.include_router(create_telegram_router(settings.telegram))
