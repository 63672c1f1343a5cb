"""The application of the owner's panel."""

import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import structlog
from dishka import AsyncContainer
from fastapi import FastAPI
from redis.asyncio import Redis
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.exceptions import HTTPException
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette_admin.contrib.sqla import Admin
from starlette_admin.i18n import I18nConfig, gettext

from vitte import __version__
from vitte.admin.auth import OwnerAuth, session_key
from vitte.admin.language import AcceptLanguageMiddleware
from vitte.admin.texts import LANGUAGES, install_texts
from vitte.admin.throttle import LoginThrottle
from vitte.admin.views.dialogs import DialogsView
from vitte.admin.views.home import HomeView
from vitte.admin.views.inbox import InboxView
from vitte.admin.views.jobs import JobsView
from vitte.admin.views.models import ModelsView
from vitte.admin.views.people import PeopleView
from vitte.admin.views.personas import PersonasView
from vitte.admin.views.plans import PlansView
from vitte.admin.views.subscriptions import SubscriptionsView
from vitte.admin.views.usage import UsageCallsView, UsageDaysView
from vitte.core.clock import Clock
from vitte.core.settings import Settings
from vitte.db.engine import SessionFactory
from vitte.db.models import (
    Dialog,
    InboxUpdate,
    Job,
    LanguageModel,
    Persona,
    PlanLimits,
    Subscription,
    UsageCall,
    UsageDay,
    User,
)
from vitte.web.correlation import CorrelationIdMiddleware
from vitte.web.errors import UnexpectedErrorMiddleware, add_error_handlers
from vitte.web.health import check_database, check_redis, create_health_router
from vitte.web.metrics import RequestMetricsMiddleware, create_metrics_router
from vitte.web.security_headers import SecurityHeadersMiddleware

logger = structlog.get_logger(__name__)

PATH = "/admin"
_HERE = Path(__file__).parent
_STATIC = f"{PATH}/static/"
# starlette-admin's pages have scripts and styles in them; nothing comes from another server.
_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)

# A number that is too long, a null byte: https://www.postgresql.org/docs/current/errcodes-appendix.html
_DATA_EXCEPTION = "22"


async def create_app(settings: Settings, container: AsyncContainer) -> FastAPI:
    """Make the application. It owns `container` and closes it, and so every pool, at its end.

    Raises SettingsError when the password or the secret key is missing.
    """
    key = session_key(settings.admin)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await container.close()

    app = FastAPI(
        title="Vitte", version=__version__, lifespan=lifespan, openapi_url=None, docs_url=None, redoc_url=None
    )
    add_error_handlers(app)
    _add_middlewares(app, settings, key)
    await _add_routes(app, container)
    # It logs the names that people try to log in with, and a password typed there by mistake is one.
    logging.getLogger("starlette_admin").setLevel(logging.ERROR)
    panel = await _create_panel(settings, container, key)
    panel.mount_to(app)
    panel.app.add_exception_handler(SQLAlchemyError, _on_database_error)
    panel.app.add_exception_handler(OSError, _on_database_error)
    return app


def _add_middlewares(app: FastAPI, settings: Settings, key: str) -> None:
    # The last one added is the first to see a request.
    app.add_middleware(AcceptLanguageMiddleware)
    app.add_middleware(
        SessionMiddleware,
        secret_key=key,
        session_cookie="vitte_admin",
        max_age=settings.admin.session_lifetime,
        path=PATH,
        same_site="lax",
        https_only=settings.admin.secure_cookies,
    )
    app.add_middleware(UnexpectedErrorMiddleware)
    app.add_middleware(SecurityHeadersMiddleware, more=_headers)
    app.add_middleware(RequestMetricsMiddleware)
    app.add_middleware(CorrelationIdMiddleware)


def _headers(path: str) -> Mapping[str, str]:
    if path.startswith(_STATIC):
        return {"Content-Security-Policy": _POLICY}
    # Nobody who comes after the owner shall find the pages in the browser's memory.
    return {"Content-Security-Policy": _POLICY, "Cache-Control": "no-store"}


async def _add_routes(app: FastAPI, container: AsyncContainer) -> None:
    engine, redis = await container.get(AsyncEngine), await container.get(Redis)
    checks = {"db": lambda: check_database(engine), "redis": lambda: check_redis(redis)}
    app.include_router(create_health_router(checks, prefix=PATH))
    app.include_router(create_metrics_router())

    @app.get("/", include_in_schema=False)
    async def home() -> RedirectResponse:
        return RedirectResponse(f"{PATH}/")


async def _create_panel(settings: Settings, container: AsyncContainer, key: str) -> Admin:
    install_texts()
    throttle = LoginThrottle(await container.get(Redis))
    panel = Admin(
        await container.get(SessionFactory),
        title="Vitte",
        base_url=PATH,
        templates_dir=str(_HERE / "templates"),
        static_dir=str(_HERE / "static"),
        index_view=HomeView(await container.get(Clock)),
        auth_provider=OwnerAuth(settings.admin, throttle),
        secret_key=key,
        i18n_config=I18nConfig(default_locale=LANGUAGES[0], language_switcher=list(LANGUAGES)),
    )
    panel.add_view(PeopleView(User))
    panel.add_view(SubscriptionsView(Subscription))
    panel.add_view(PlansView(PlanLimits))
    panel.add_view(UsageDaysView(UsageDay))
    panel.add_view(UsageCallsView(UsageCall))
    panel.add_view(PersonasView(Persona, container))
    panel.add_view(ModelsView(LanguageModel, container))
    panel.add_view(DialogsView(Dialog))
    panel.add_view(InboxView(InboxUpdate))
    panel.add_view(JobsView(Job))
    return panel


async def _on_database_error(request: Request, error: Exception) -> Response:
    if isinstance(error, DBAPIError) and str(getattr(error.orig, "sqlstate", "")).startswith(_DATA_EXCEPTION):
        shown = HTTPException(400, gettext("There is nothing by that value."))
    else:
        logger.error("panel_without_database", path=request.url.path, exc_info=error)
        shown = HTTPException(503, gettext("The database does not answer. Try again in a moment."))
    response: Response = await request.app.exception_handlers[HTTPException](request, shown)
    return response
