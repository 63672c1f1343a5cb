"""How every process of ours on asyncio begins and ends."""

import asyncio
import gc
import os
import signal
from collections.abc import Awaitable, Callable

import structlog
import uvloop

logger = structlog.get_logger(__name__)

Main = Callable[[asyncio.Event], Awaitable[None]]


def run_until_stopped(main: Main) -> None:
    """Run `main` on uvloop with an event that SIGTERM or SIGINT sets; a second signal ends it at once."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_with_signals(main))


async def _with_signals(main: Main) -> None:
    stop = asyncio.Event()

    def on_signal(number: signal.Signals) -> None:
        if stop.is_set():
            logger.warning("stopped_at_once", signal=number.name)
            os._exit(128 + number)
        logger.info("stopping", signal=number.name)
        stop.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal, number)
    await main(stop)


def tune_garbage_collection() -> None:
    """Take what start-up made out of the collector's sight, and let it run less often.

    A full collection over the ~190,000 objects that aiogram's models are costs 150 ms; they never become
    garbage. To be called once all is imported and built.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
