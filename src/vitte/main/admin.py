"""The process of the owner's panel."""

import asyncio
from collections.abc import Callable

import structlog

from vitte.admin.app import create_app
from vitte.core.settings import Settings
from vitte.main.begin import begin
from vitte.main.container import make_container
from vitte.main.run import run_until_stopped, tune_garbage_collection
from vitte.web.server import serve as serve_http

logger = structlog.get_logger(__name__)


def run(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT. Raises SettingsError without a password or a secret key."""
    begin(settings, process="admin")
    run_until_stopped(
        lambda stop: serve(settings, stop, when_built=tune_garbage_collection),
        patience=settings.admin.stop_timeout,
    )


async def serve(
    settings: Settings, stop: asyncio.Event, *, when_built: Callable[[], None] = lambda: None
) -> None:
    """Serve until `stop` is set. `when_built` is called once all parts are there."""

    def on_start(port: int) -> None:
        when_built()
        logger.info("admin_ready", host=settings.admin.host, port=port)

    app = await create_app(settings, make_container(settings, process="admin"))
    await serve_http(
        app,
        host=settings.admin.host,
        port=settings.admin.port,
        stop=stop,
        patience=settings.admin.stop_timeout,
        on_start=on_start,
        trusted_proxies=settings.admin.trusted_proxies,
    )
