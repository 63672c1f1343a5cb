"""The process of the public interface."""

import asyncio
import os
import re
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from pydantic import SecretStr

from tests.patience import PATIENCE
from tests.web.processes import RunningProcess, running
from vitte.core.settings import Settings
from vitte.embedded.ports import free_port

COMMAND = ("-m", "vitte", "run", "api")


async def test_it_serves_and_ends_when_told(settings: Settings) -> None:
    settings.api.port = free_port()
    async with running(*COMMAND, settings=settings) as api:
        await api.logged("api_ready", port=settings.api.port, process="api")
        async with aiohttp.ClientSession(f"http://127.0.0.1:{settings.api.port}") as client:
            async with client.get("/health/ready", headers={"X-Request-ID": "one"}) as answer:
                assert answer.status == 200
                assert "Server" not in answer.headers
            assert await api.stop() == 0
    assert not [line for line in api.lines if "text" in line]


async def test_a_port_that_is_taken_is_named_and_ends_it(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings.api.port = taken.getsockname()[1]
        async with running(*COMMAND, settings=settings) as api:
            assert await api.ended() != 0
    assert str(settings.api.port) in str(api.lines)


@asynccontextmanager
async def two_processes(settings: Settings) -> AsyncIterator[tuple[RunningProcess, list[int]]]:
    """The interface served by two processes; with their ids."""
    settings.api.port, settings.api.workers = free_port(), 2
    async with running(*COMMAND, settings=settings) as api:
        await api.logged("api_ready", count=2, port=settings.api.port)
        yield api, [line["pid"] for line in api.lines if line.get("event") == "api_ready"]


async def counted(settings: Settings, requests: int) -> None:
    """Wait until so many requests for the health are counted: that comes after their answer."""
    wanted, metrics = rf'^vitte_http_requests_total{{.*route="/health".*}} {requests}\.0$', ""
    async with asyncio.timeout(PATIENCE):
        while not re.search(wanted, metrics, re.MULTILINE):
            metrics = await fetch(settings, "/metrics")


async def test_several_processes_serve_and_count_together(settings: Settings) -> None:
    async with two_processes(settings) as (api, pids):
        for number, frozen in enumerate(pids, start=1):
            os.kill(frozen, signal.SIGSTOP)
            for _ in range(3):
                await fetch(settings, "/health")
            await counted(settings, 3 * number)
            os.kill(frozen, signal.SIGCONT)
        assert await api.stop() == 0
    assert not [line for line in api.lines if "text" in line]


async def test_a_process_that_is_killed_is_replaced_and_nothing_counted_is_forgotten(
    settings: Settings,
) -> None:
    async with two_processes(settings) as (api, pids):
        await fetch(settings, "/health")
        await counted(settings, 1)
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        await api.logged("worker_replaced", count=2)
        await api.logged("api_ready", count=4)
        await counted(settings, 1)
        assert await api.stop() == 0


async def test_processes_whose_parent_was_killed_let_go_of_the_port(settings: Settings) -> None:
    async with two_processes(settings) as (api, _):
        api.process.kill()
        await api.ended()
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    socket.create_server(("127.0.0.1", settings.api.port)).close()
                except OSError:
                    await asyncio.sleep(0.05)
                else:
                    break


async def test_a_reason_not_to_start_ends_all_processes(settings: Settings) -> None:
    settings.api.port, settings.api.workers = free_port(), 2
    settings.telegram.mode, settings.telegram.token = "webhook", SecretStr("no token")
    settings.telegram.webhook_url, settings.telegram.webhook_secret = "https://bot.test", SecretStr("s")
    async with running(*COMMAND, settings=settings) as api:
        assert await api.ended() == 1
    assert "VITTE_TELEGRAM__TOKEN" in str(api.lines)


async def fetch(settings: Settings, path: str) -> str:
    """Fetch over a connection of its own."""
    async with (
        aiohttp.ClientSession(f"http://127.0.0.1:{settings.api.port}") as client,
        client.get(path) as answer,
    ):
        assert answer.status == 200
        return await answer.text()
