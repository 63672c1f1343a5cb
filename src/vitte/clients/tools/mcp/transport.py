"""The ways to a server: HTTP to an address, or the pipes of a process of this machine."""

import logging
import os
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import httpx2
from mcp.client._transport import TransportStreams
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client

from vitte.core.settings.tools import McpServerSettings

_MAX_ANSWER = 4_000_000
"""Bytes of one answer over HTTP; of a stream of events the library bounds each."""
_SILENCE = 300.0
"""Seconds of silence in a stream of events; how long a call may take is bounded by who calls."""

# What they write holds what was said by and to servers, and the addresses with their keys.
for _talkative in ("mcp", "client", "httpx2", "httpcore2"):
    logging.getLogger(_talkative).setLevel(logging.CRITICAL)


def open_transport(
    server: McpServerSettings, *, connect_timeout: float
) -> AbstractAsyncContextManager[TransportStreams]:
    """Return the way to a server; a process is started on entering and ended on leaving."""
    return _process(server) if server.command else _http(server, connect_timeout)


@asynccontextmanager
async def _process(server: McpServerSettings) -> AsyncGenerator[TransportStreams]:
    parameters = StdioServerParameters(
        command=server.command,
        args=server.args,
        # The library adds PATH, HOME, USER, SHELL, TERM and LOGNAME, and nothing else of ours.
        env={name: value.get_secret_value() for name, value in server.env.items()},
    )
    # What it says on standard error is no line of our log.
    with Path(os.devnull).open("w") as nowhere:  # noqa: ASYNC230 - it is no file
        async with stdio_client(parameters, errlog=nowhere) as streams:
            yield streams


@asynccontextmanager
async def _http(server: McpServerSettings, connect_timeout: float) -> AsyncGenerator[TransportStreams]:
    async with (
        httpx2.AsyncClient(
            headers={name: value.get_secret_value() for name, value in server.headers.items()},
            timeout=httpx2.Timeout(connect_timeout, read=_SILENCE),
            transport=_Bounded(),
        ) as client,
        streamable_http_client(server.url, http_client=client) as streams,
    ):
        yield streams


class _Bounded(httpx2.AsyncHTTPTransport):
    """HTTP whose answers end, however much a server has to say."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request."""
        response = await super().handle_async_request(request)
        is_endless = response.headers.get("Content-Type", "").startswith("text/event-stream")
        if not is_endless and isinstance(response.stream, httpx2.AsyncByteStream):
            response.stream = _BoundedStream(response.stream)
        return response


class _BoundedStream(httpx2.AsyncByteStream):
    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for piece in self._stream:
            size += len(piece)
            if size > _MAX_ANSWER:
                raise httpx2.StreamError(f"the answer is longer than {_MAX_ANSWER} bytes")
            yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()
