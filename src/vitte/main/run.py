"""How every process of ours on asyncio begins and ends."""

import asyncio
import gc
from collections.abc import Callable, Coroutine
from typing import Any

import uvloop
from prometheus_client import REGISTRY

from vitte.core.machine import MachineCollector
from vitte.core.stopping import MARGIN, obey_signals

Main = Callable[[asyncio.Event], Coroutine[Any, Any, None]]


def run_until_stopped(main: Main, *, patience: float) -> None:
    """Run `main` on uvloop with an event that SIGTERM or SIGINT sets; a second signal ends it at once.

    `patience` is how many seconds `main` itself gives to its work in progress.
    """
    REGISTRY.register(MachineCollector())
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        loop, stop = runner.get_loop(), asyncio.Event()

        def on_stop() -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(stop.set)

        # Not the loop's own handlers: they wait for their turn in a loop that may be stuck.
        obey_signals(on_stop, within=patience + MARGIN)
        runner.run(main(stop))


def tune_garbage_collection() -> None:
    """Take what start-up made out of the collector's sight, and let it run less often.

    A full collection goes through all models and functions of the libraries, which never become garbage. To
    be called once all is imported and built. A young one goes through all that was made since the last and is
    in use: in a burst of a hundred updates that is several times 20,000 objects, none of them garbage, and
    looking for it took a seventh of a bot's CPU. What waits for the collector meanwhile is little, for hardly
    anything here is part of a cycle.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(150_000, 10, 10)
