"""A sandbox for a test: started on a free port inside the test's own event loop."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

from vitte.core.clock import Clock
from vitte.core.nursery import Nursery
from vitte.sandbox.client import SandboxClient
from vitte.sandbox.model import Json
from vitte.sandbox.sandbox import Sandbox
from vitte.sandbox.server import SandboxServer, address, create_app, free_socket, run_server
from vitte.sandbox.settings import SandboxLimits, SandboxSettings
from vitte.sandbox.world import World

TOKEN = "42:TEST"  # noqa: S105 - an invented one
NO_LIMITS = SandboxLimits(enabled=False)


class RunningSandbox(SandboxClient):
    """A sandbox in this process: a client of it, with its inside at hand as `sandbox` and `world`."""

    def __init__(self, base_url: str, sandbox: Sandbox) -> None:
        super().__init__(base_url)
        self.sandbox = sandbox

    @property
    def world(self) -> World:
        """Return the world, to look into."""
        return self.sandbox.world

    async def call(self, method: str, token: str = TOKEN, **params: Any) -> Json:
        """Call a Bot API method with JSON parameters; return the whole answer, refused or not."""
        async with self.session.post(f"{self.base_url}/bot{token}/{method}", json=params) as answer:
            body: Json = await answer.json()
            return body

    async def result(self, method: str, token: str = TOKEN, **params: Any) -> Any:
        """Call a Bot API method that must succeed and return its result."""
        answer = await self.call(method, token, **params)
        if not answer["ok"]:
            raise AssertionError(f"{method} was refused: {answer['description']}")
        return answer["result"]


@contextlib.asynccontextmanager
async def running_sandbox(
    settings: SandboxSettings | None = None, *, clock: Clock | None = None, **changes: Any
) -> AsyncIterator[RunningSandbox]:
    """Run a sandbox on a free port of this machine until the block ends.

    `changes` are fields of `SandboxSettings` put over `settings`, such as `limits=NO_LIMITS` or
    `state_dir=tmp_path`. Without settings, pollers that terminate each other are answered at once, not after
    3 s.
    """
    base = settings or SandboxSettings(conflict_delay=0.0)
    final = replace(base, **{"port": 0, **changes})
    listening = free_socket(final.host, final.port)
    server = SandboxServer(create_app(final, clock=clock), final, handle_signals=False)
    nursery = Nursery()
    serving = nursery.start(run_server(server, sockets=[listening]), name="sandbox")
    try:
        async with asyncio.timeout(60):
            while not server.started:
                if serving.done():
                    await serving
                await asyncio.sleep(0.005)
        async with RunningSandbox(address(listening), server.app.sandbox) as running:
            yield running
    finally:
        server.stop()
        await asyncio.wait({serving})
        listening.close()
