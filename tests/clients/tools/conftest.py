"""Servers of tools as processes of their own."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import aiohttp
import pytest

from tests.patience import PATIENCE
from vitte.clients.tools.mcp.servers import McpServers
from vitte.clients.tools.mcp.session import McpServer
from vitte.core.settings.tools import McpServerSettings, ToolSettings

KEY = "a-key-for-tests"
MakeServer = Callable[..., McpServer]


def command(*arguments: str, module: str = "tests.mcp_server") -> McpServerSettings:
    """Return the settings of a server that is started by us."""
    return McpServerSettings.model_validate(
        {
            "command": sys.executable,
            "args": ["-m", module, *arguments],
            "env": {"PYTHONPATH": ":".join(filter(None, sys.path)), "GIVEN": "yes"},
        }
    )


@asynccontextmanager
async def listening(port: int) -> AsyncIterator[McpServerSettings]:
    """Run a server at a port."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.mcp_server", "--port", str(port), "--key", KEY
    )
    try:
        url = f"http://127.0.0.1:{port}/mcp"
        async with asyncio.timeout(PATIENCE), aiohttp.ClientSession() as session:
            while True:
                try:
                    async with session.get(url):
                        break
                except aiohttp.ClientConnectionError:
                    await asyncio.sleep(0.05)
        yield McpServerSettings.model_validate({"url": url, "headers": {"X-Key": KEY}})
    finally:
        process.kill()
        await process.wait()


@pytest.fixture
async def make_server() -> AsyncIterator[MakeServer]:
    """Make a client of a server; it takes leave at the end."""
    async with AsyncExitStack() as stack:

        def make(server: McpServerSettings, **settings: object) -> McpServer:
            patient = {"mcp_wait": PATIENCE, "mcp_connect_timeout": PATIENCE, "timeout": PATIENCE}
            servers = McpServers.of(
                ToolSettings.model_validate(patient | settings | {"mcp_servers": {"t": server}})
            )
            stack.push_async_callback(servers.close)
            return servers.by_name["t"]

        yield make
