"""`vitte sandbox`."""

import asyncio

import uvloop

from vitte.core.logging import configure_logging
from vitte.sandbox.server import serve
from vitte.sandbox.settings import SandboxSettings


def run(settings: SandboxSettings) -> None:
    """Serve the sandbox until SIGTERM or Ctrl-C."""
    configure_logging(process="sandbox")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(settings))
