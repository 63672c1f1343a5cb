"""`vitte sandbox` and `vitte model`."""

import asyncio

import structlog
import uvloop

from vitte.core.logging import configure_logging
from vitte.main.run import run_until_stopped, tune_garbage_collection
from vitte.sandbox.llm import Script, running_model
from vitte.sandbox.server import serve
from vitte.sandbox.settings import SandboxSettings

logger = structlog.get_logger(__name__)

_STOP_WITHIN = 1.0


def run(settings: SandboxSettings) -> None:
    """Serve the sandbox until SIGTERM or Ctrl-C."""
    configure_logging(process="sandbox")
    # It keeps every message and its last calls: going through them all stopped everybody's answers for 0.2 s.
    tune_garbage_collection()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(settings))


def run_model(*, host: str, port: int, pause: float) -> None:
    """Serve the model that answers by script until SIGTERM or Ctrl-C."""
    configure_logging(process="model")

    async def main(stop: asyncio.Event) -> None:
        async with running_model(Script(between_tokens=pause), host=host, port=port) as base_url:
            logger.info("model_ready", base_url=base_url)
            await stop.wait()

    run_until_stopped(main, patience=_STOP_WITHIN)
