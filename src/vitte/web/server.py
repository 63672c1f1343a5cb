"""Serving an application until the process is to stop."""

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from socket import AF_INET, AF_INET6, create_server, socket

import structlog
import uvicorn
from starlette.types import ASGIApp

logger = structlog.get_logger(__name__)

_BACKLOG = 2048


async def serve(
    app: ASGIApp,
    *,
    host: str,
    port: int,
    stop: asyncio.Event,
    patience: float,
    on_start: Callable[[int], None],
    trusted_proxies: Sequence[str] = ("127.0.0.1",),
    listening: socket | None = None,
) -> None:
    """Serve `app` until `stop` is set, then let requests in progress end within `patience` seconds.

    `on_start` is called with the port once connections are accepted; port 0 means a free one. Only
    `trusted_proxies` may say who the client is and whether it came over HTTPS: anybody else could write
    whatever name they like, and be counted under it. `listening` is a socket shared with other processes.
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
        forwarded_allow_ips=list(trusted_proxies),
        # Typed as whole seconds, and only ever handed to asyncio.wait_for.
        timeout_graceful_shutdown=patience,  # type: ignore[arg-type]
    )
    await _Server(config, stop=stop, on_start=on_start).serve([listening] if listening else None)


def listen(host: str, port: int) -> socket:
    """Take an address, for processes to serve at together. Raises SystemExit when it is taken."""
    try:
        family = AF_INET6 if ":" in host else AF_INET
        listening = create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        logger.error("address_taken", host=host, port=port, reason=str(error))  # noqa: TRY400 - it says all
        raise SystemExit(1) from None
    listening.setblocking(False)  # noqa: FBT003 - the standard library takes it by place
    return listening


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
