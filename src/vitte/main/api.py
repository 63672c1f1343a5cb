"""The process of the public HTTP interface."""

import asyncio
from collections.abc import Callable

import structlog

from vitte.api.app import create_app
from vitte.core.settings import Settings
from vitte.main.begin import begin
from vitte.main.container import make_container
from vitte.main.run import run_until_stopped, tune_garbage_collection
from vitte.web.server import serve as serve_http

logger = structlog.get_logger(__name__)


def run(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT."""
    begin(settings, process="api")
    run_until_stopped(
        lambda stop: serve(settings, stop, when_built=tune_garbage_collection),
        patience=settings.api.stop_timeout,
    )


async def serve(
    settings: Settings, stop: asyncio.Event, *, when_built: Callable[[], None] = lambda: None
) -> None:
    """Serve until `stop` is set. `when_built` is called once all parts are there."""

    def on_start(port: int) -> None:
        when_built()
        logger.info("api_ready", host=settings.api.host, port=port)

    app = create_app(settings, make_container(settings, process="api"))
    await serve_http(
        app,
        host=settings.api.host,
        port=settings.api.port,
        stop=stop,
        patience=settings.api.stop_timeout,
        on_start=on_start,
    )
