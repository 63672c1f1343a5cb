"""Serving an application until the process is to stop."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from socket import socket

import uvicorn
from starlette.types import ASGIApp

# Only a proxy on this machine may say who the client is and whether it came over HTTPS: anybody else
# could write whatever name they like, and be counted under it.
_TRUSTED_PROXY = "127.0.0.1"


async def serve(
    app: ASGIApp,
    *,
    host: str,
    port: int,
    stop: asyncio.Event,
    patience: float,
    on_start: Callable[[int], None],
) -> None:
    """Serve `app` until `stop` is set, then let requests in progress end within `patience` seconds.

    `on_start` is called with the port once connections are accepted; port 0 means a free one.
    Raises SystemExit when the address is taken.
    """
    # What it tells at INFO, the processes tell themselves.
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http="httptools",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=True,
        forwarded_allow_ips=_TRUSTED_PROXY,
        # Typed as whole seconds, and only ever handed to asyncio.wait_for.
        timeout_graceful_shutdown=patience,  # type: ignore[arg-type]
    )
    await _Server(config, stop=stop, on_start=on_start).serve()


class _Server(uvicorn.Server):
    """A server that obeys an event instead of signals: those belong to the process."""

    def __init__(
        self, config: uvicorn.Config, *, stop: asyncio.Event, on_start: Callable[[int], None]
    ) -> None:
        super().__init__(config)
        self._stop = stop
        self._on_start = on_start

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_start(self.servers[0].sockets[0].getsockname()[1])

    async def on_tick(self, counter: int) -> bool:
        return self._stop.is_set() or await super().on_tick(counter)
