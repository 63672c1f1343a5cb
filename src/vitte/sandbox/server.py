"""The sandbox as a web server."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from vitte.core.clock import Clock
from vitte.core.nursery import Nursery
from vitte.sandbox.botapi import BotApi
from vitte.sandbox.control import ControlRoutes
from vitte.sandbox.errors import PeopleApiError
from vitte.sandbox.people.groups import GroupRoutes
from vitte.sandbox.people.routes import PeopleRoutes, json_response
from vitte.sandbox.sandbox import Sandbox
from vitte.sandbox.settings import SandboxSettings
from vitte.sandbox.wire import CuttableProtocol

logger = structlog.get_logger(__name__)

_STATIC = Path(__file__).parent / "static"
_STOP_WITHIN = 2
_KEPT_FOR = 75
"""Seconds that a connection without a call is kept, as by Telegram's nginx: longer than clients keep theirs.

https://nginx.org/en/docs/http/ngx_http_core_module.html#keepalive_timeout . Whoever hangs up sooner does so
now and then in the moment of a call, which then fails.
"""
_NO_PAGE = "The sandbox is up. Its chat page is not installed here.\n"


class SandboxApp(Starlette):
    """Starlette for people; bots' calls take a shorter way."""

    sandbox: Sandbox
    bot_api: BotApi

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request or serve one socket."""
        if scope["type"] == "http" and BotApi.owns(scope["path"]):
            await self.bot_api(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def create_app(settings: SandboxSettings, *, clock: Clock | None = None) -> SandboxApp:
    """Return the sandbox's ASGI application; must be called inside the event loop that runs it.

    `clock` drives limits, drafts, callback queries and dates; a `vitte.sandbox.timing.SandboxClock` also has
    its own monotonic time.
    """
    sandbox = Sandbox(settings, clock=clock)

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        await sandbox.start()
        try:
            yield
        finally:
            await app.bot_api.close()  # type: ignore[attr-defined]  # it is a SandboxApp
            await sandbox.stop()

    page = _Page(settings.static_dir or _STATIC)
    app = SandboxApp(
        routes=[
            Route("/", page.index, methods=["GET"]),
            Route("/static/{path:path}", page.file, methods=["GET"]),
            *PeopleRoutes(sandbox).routes(),
            *GroupRoutes(sandbox.world).routes(),
            *ControlRoutes(sandbox).routes(),
        ],
        exception_handlers={PeopleApiError: _people_error, 404: _not_found},
        lifespan=lifespan,
    )
    app.sandbox = sandbox
    app.bot_api = BotApi(sandbox)
    return app


class _Page:
    """The chat page's files; there may be none."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()

    async def index(self, _request: Request) -> Response:
        return self._answer("index.html") or PlainTextResponse(_NO_PAGE)

    async def file(self, request: Request) -> Response:
        answer = self._answer(request.path_params["path"])
        if answer is None:
            raise PeopleApiError(404, "There is no such file.")
        return answer

    def _answer(self, name: str) -> Response | None:
        path = (self._folder / name).resolve()
        if not path.is_relative_to(self._folder) or not path.is_file():
            return None
        return FileResponse(path, headers={"Cache-Control": "no-cache"})


async def _people_error(_request: Request, error: Exception) -> Response:
    if not isinstance(error, PeopleApiError):
        raise error
    return json_response({"error": error.sentence}, status=error.status)


async def _not_found(_request: Request, _error: Exception) -> Response:
    return json_response({"error": "There is nothing at this address."}, status=404)


class SandboxServer(uvicorn.Server):
    """uvicorn that lets go of long polls and event sockets before it waits for connections to end."""

    def __init__(self, app: SandboxApp, settings: SandboxSettings, *, handle_signals: bool) -> None:
        config = uvicorn.Config(
            app,
            host=settings.host,
            port=settings.port,
            http=CuttableProtocol,
            ws="websockets-sansio",
            loop="none",
            lifespan="on",
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            date_header=False,
            timeout_keep_alive=_KEPT_FOR,
            backlog=4096,
        )
        super().__init__(config)
        self.app = app
        self._stopping = asyncio.Event()
        self._handle_signals = handle_signals

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop at SIGINT and SIGTERM, if asked to."""
        if not self._handle_signals:
            yield
            return
        with super().capture_signals():
            yield

    def stop(self) -> None:
        """Begin to stop."""
        self.should_exit = True
        self._stopping.set()

    async def main_loop(self) -> None:
        """Wait until told to stop; a signal is noticed within a tenth of a second."""
        while not self.should_exit:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.1):
                    await self._stopping.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop within about two seconds.

        uvicorn's own way takes steps of a tenth of a second, which every test with a bot would pay for.
        """
        self.app.sandbox.release()
        for server in self.servers:
            server.close()
        for listening in sockets or []:
            listening.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        state = self.server_state
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_STOP_WITHIN):
                while state.connections or state.tasks:  # noqa: ASYNC110 - uvicorn tells nobody
                    await asyncio.sleep(0.005)
        for task in list(state.tasks):
            task.cancel()
        await self.lifespan.shutdown()


async def run_server(server: SandboxServer, *, sockets: list[socket.socket] | None = None) -> None:
    """Run the server until it is told to stop or this coroutine is cancelled, and close it cleanly."""
    nursery = Nursery()
    serving = nursery.start(server.serve(sockets), name="sandbox-server")
    try:
        await asyncio.shield(serving)
    except asyncio.CancelledError:
        server.stop()
        await asyncio.wait({serving})
        raise


async def serve(
    settings: SandboxSettings, *, clock: Clock | None = None, handle_signals: bool = True
) -> None:
    """Serve the sandbox until a signal or cancellation; closes within about two seconds.

    With `handle_signals` SIGINT and SIGTERM end it, then do what they did before; a process that has its own
    handlers cancels instead.
    """
    server = SandboxServer(create_app(settings, clock=clock), settings, handle_signals=handle_signals)
    logger.info("sandbox_starts", host=settings.host, port=settings.port)
    await run_server(server)


def free_socket(host: str, port: int) -> socket.socket:
    """Return a socket that listens on an IPv4 address; port 0 takes a free port."""
    # With the protocol named, asyncio sends small answers at once (TCP_NODELAY); else each takes 40 ms.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((host, port))
    listening.listen(4096)
    listening.setblocking(False)  # noqa: FBT003 - the standard library takes it by place
    return listening


def address(listening: Any) -> str:
    """Return the base URL of a listening socket."""
    host, port = listening.getsockname()[:2]
    return f"http://{host}:{port}"
