"""The outside world in processes of its own, so that its CPU time is nobody else's."""

import asyncio
import sys

import uvloop

from vitte.core.logging import configure_logging
from vitte.sandbox.llm import Script, running_model
from vitte.sandbox.server import serve
from vitte.sandbox.settings import SandboxLimits, SandboxSettings

CALLS_KEPT = 20_000


async def _serve_sandbox(port: int) -> None:
    await serve(SandboxSettings(port=port, limits=SandboxLimits(enabled=False), call_log_memory=CALLS_KEPT))


async def _serve_model(port: int) -> None:
    async with running_model(Script(), port=port):
        await asyncio.Event().wait()


def main() -> None:
    """Run `sandbox` or `model` on a port until killed."""
    _, name, port = sys.argv
    configure_logging(process=name, level="WARNING", format="json")
    serving = _serve_sandbox(int(port)) if name == "sandbox" else _serve_model(int(port))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serving)


if __name__ == "__main__":
    main()
