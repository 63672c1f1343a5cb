"""A hop on the way to a server, where bytes can be held up or lost."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from vitte.core.nursery import Nursery

_CHUNK = 65_536


class FaultProxy:
    """Passes TCP connections on to `upstream_port` of this machine, as long as it is not told otherwise.

    `lose(marker)`: from a request on that holds these bytes nothing of its connection reaches the server,
    and the connection stays open, as behind a cable that was cut. `freeze()` holds all bytes of all
    connections until `thaw()`.
    """

    def __init__(self, upstream_port: int) -> None:
        self.port = 0
        self.lost = asyncio.Event()
        """Set once a request was lost."""
        self._upstream_port = upstream_port
        self._marker: bytes | None = None
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._nursery = Nursery()

    def lose(self, marker: bytes) -> None:
        """Lose requests that hold `marker`, from now on."""
        self._marker = marker
        self.lost.clear()

    def pass_all(self) -> None:
        """Lose no further requests; those of connections that lost one stay lost."""
        self._marker = None

    def freeze(self) -> None:
        """Hold everything up."""
        self._flowing.clear()

    def thaw(self) -> None:
        """Let what was held up go on."""
        self._flowing.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass one connection on until either side closes it."""
        try:
            up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self._upstream_port)
        except OSError:
            writer.close()
            return
        both = Nursery()
        ways = {
            both.start(self._pass(reader, up_writer, may_lose=True), name="to_server"),
            both.start(self._pass(up_reader, writer, may_lose=False), name="to_client"),
        }
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await both.stop()
            for one in (writer, up_writer):
                one.close()
                with suppress(OSError):
                    await one.wait_closed()

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take a new connection."""
        self._nursery.start(self.serve(reader, writer), name="connection")

    async def close(self) -> None:
        """Cut all connections."""
        await self._nursery.stop()

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, may_lose: bool
    ) -> None:
        is_cut = False
        with suppress(OSError):
            while chunk := await reader.read(_CHUNK):
                await self._flowing.wait()
                if may_lose and self._marker is not None and self._marker in chunk:
                    is_cut = True
                    self.lost.set()
                if not is_cut:
                    writer.write(chunk)
                    await writer.drain()


@asynccontextmanager
async def running_proxy(upstream_port: int) -> AsyncIterator[FaultProxy]:
    """Run a proxy on a free port of this machine, its `port`."""
    proxy = FaultProxy(upstream_port)
    server = await asyncio.start_server(proxy.accept, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        await proxy.close()
        await server.wait_closed()
