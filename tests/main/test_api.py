"""The process of the public interface."""

import socket

import aiohttp

from tests.web.ports import free_port
from tests.web.processes import running
from vitte.core.settings import Settings

COMMAND = ("-m", "vitte", "run", "api")


async def test_it_serves_and_ends_when_told(settings: Settings) -> None:
    settings.api.port = free_port()
    async with running(*COMMAND, settings=settings) as api:
        await api.logged("api_ready", port=settings.api.port, process="api")
        async with aiohttp.ClientSession(f"http://127.0.0.1:{settings.api.port}") as client:
            async with client.get("/health/ready", headers={"X-Request-ID": "one"}) as answer:
                assert answer.status == 200
                assert "Server" not in answer.headers
            assert await api.stop(within=5) == 0
    assert not [line for line in api.lines if "text" in line]


async def test_a_port_that_is_taken_is_named_and_ends_it(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings.api.port = taken.getsockname()[1]
        async with running(*COMMAND, settings=settings) as api:
            assert await api.ended() != 0
    assert str(settings.api.port) in str(api.lines)
