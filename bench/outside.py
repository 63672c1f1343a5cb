"""The outside world in processes of its own, so that its CPU time is nobody else's."""

import argparse
import asyncio
import gc

import uvloop

from vitte.core.logging import configure_logging
from vitte.main.run import tune_garbage_collection
from vitte.sandbox.llm import Script, running_model
from vitte.sandbox.server import serve
from vitte.sandbox.settings import SandboxLimits, SandboxSettings

CALLS_KEPT = 20_000
FIRST_TOKEN = 0.4
"""Seconds until a model of realistic speed begins."""
TOKENS_PER_SECOND = 60
ANSWER_TOKENS = 120
_NEVER = 1_000_000


def tune() -> None:
    """Let no full collection of garbage stop this process: whichever bot is served would seem slow.

    The sandbox keeps every message and thousands of calls; to go through them took 0.2 s. What becomes
    garbage by a cycle and lives long is little, and the process lives for minutes.
    """
    tune_garbage_collection()
    young, middle, _ = gc.get_threshold()
    gc.set_threshold(young, middle, _NEVER)


async def _serve_sandbox(port: int, *, with_limits: bool) -> None:
    limits = SandboxLimits(enabled=with_limits)
    await serve(SandboxSettings(port=port, limits=limits, call_log_memory=CALLS_KEPT))


async def _serve_model(port: int, *, with_pace: bool) -> None:
    script = Script()
    if with_pace:
        script = Script(
            answer=" ".join(["word"] * ANSWER_TOKENS),
            first_token=FIRST_TOKEN,
            between_tokens=1 / TOKENS_PER_SECOND,
        )
    async with running_model(script, port=port):
        await asyncio.Event().wait()


def main() -> None:
    """Run `sandbox` or `model` on a port until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("name", choices=["sandbox", "model"])
    parser.add_argument("port", type=int)
    parser.add_argument("--true-to-life", action="store_true", help="with limits, and at a model's speed")
    options = parser.parse_args()
    configure_logging(process=options.name, level="WARNING", format="json")
    tune()
    if options.name == "sandbox":
        serving = _serve_sandbox(options.port, with_limits=options.true_to_life)
    else:
        serving = _serve_model(options.port, with_pace=options.true_to_life)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serving)


if __name__ == "__main__":
    main()
