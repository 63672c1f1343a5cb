"""The process of the public HTTP interface, or several of them behind one socket."""

import asyncio
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from socket import socket
from typing import TYPE_CHECKING

import structlog

from vitte.core.folder import own_folder
from vitte.core.settings import Settings
from vitte.main.begin import begin
from vitte.main.run import run_until_stopped, tune_garbage_collection

if TYPE_CHECKING:
    from vitte.web.metrics import Render

logger = structlog.get_logger(__name__)


def run(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT."""
    begin(settings, process="api")
    if settings.api.workers == 1:
        run_until_stopped(
            lambda stop: serve(settings, stop, when_built=tune_garbage_collection),
            patience=settings.api.stop_timeout,
        )
        return
    with own_folder("api") as folder:
        exit_code = _run_several(settings, folder)
    raise SystemExit(exit_code)


async def serve(
    settings: Settings,
    stop: asyncio.Event,
    *,
    when_built: Callable[[], None] = lambda: None,
    listening: socket | None = None,
    render_metrics: "Render | None" = None,
) -> None:
    """Serve until `stop` is set. `when_built` is called once all parts are there."""
    # Not at the top: metrics are made by these, and where they live has to be settled before.
    from vitte.api.app import create_app
    from vitte.main.container import make_container
    from vitte.web.server import serve as serve_http

    api = settings.api

    def on_start(port: int) -> None:
        when_built()
        logger.info("api_ready", host=api.host, port=port, pid=os.getpid())

    app = create_app(settings, make_container(settings, process="api"), render_metrics=render_metrics)
    await serve_http(
        app,
        host=api.host,
        port=api.port,
        stop=stop,
        patience=api.stop_timeout,
        on_start=on_start,
        trusted_proxies=api.trusted_proxies,
        listening=listening,
    )


def _run_several(settings: Settings, folder: Path) -> int:
    from vitte.core.multiprocess import count_across_processes, render

    place, parent = "parent", os.getpid()
    count_across_processes(folder, lambda: place)

    from vitte.api.app import create_app  # noqa: F401 - loaded once, shared by all processes
    from vitte.main.container import make_container  # noqa: F401 - the same
    from vitte.web.server import listen
    from vitte.web.workers import WorkerProcesses

    listening = listen(settings.api.host, settings.api.port)

    def work(number: int, parent_alive: int) -> None:
        nonlocal place
        place = str(number)

        async def main(stop: asyncio.Event) -> None:
            asyncio.get_running_loop().add_reader(parent_alive, stop.set)
            await serve(
                settings, stop, listening=listening, render_metrics=partial(render, folder, parent=parent)
            )

        run_until_stopped(main, patience=settings.api.stop_timeout)

    tune_garbage_collection()
    return WorkerProcesses(settings.api.workers, work, patience=settings.api.stop_timeout).run()
