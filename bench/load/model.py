"""The model that people's questions meet, in a process of its own: as fast as a real one, by script."""

import argparse
import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import orjson
import uvloop

from vitte.core.logging import configure_logging
from vitte.main.run import tune_garbage_collection
from vitte.sandbox.llm import Script, running_model

_QUOTED = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """How fast it answers, and how much: seconds to the first token, tokens a second, tokens an answer."""

    first_token: float = 0.4
    tokens_per_second: float = 60.0
    tokens: int = 120

    @property
    def seconds(self) -> float:
        """How long an answer takes."""
        return self.first_token + (self.tokens - 1) / self.tokens_per_second

    def arguments(self) -> list[str]:
        """Return it as this module's command line takes it."""
        return [
            f"--first-token={self.first_token}",
            f"--tokens-per-second={self.tokens_per_second}",
            f"--tokens={self.tokens}",
        ]


def main() -> None:
    """Serve until killed, and write a line for each answer: its question, and when it began and ended."""
    speed = Speed()
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--first-token", type=float, default=speed.first_token)
    parser.add_argument("--tokens-per-second", type=float, default=speed.tokens_per_second)
    parser.add_argument("--tokens", type=int, default=speed.tokens)
    options = parser.parse_args()
    configure_logging(process="model", level="WARNING", format="json")
    tune_garbage_collection()
    with options.log.open("wb", buffering=1 << 16) as log:
        script = Script(
            first_token=options.first_token,
            between_tokens=1 / options.tokens_per_second,
            words=options.tokens,
            json_answer='{"remember": [], "forget": []}',
            keeps_requests=False,
            on_end=lambda question, began, ended: _note(log, question, began, ended),
        )

        async def serve() -> None:
            async with running_model(script, port=options.port):
                while True:
                    await asyncio.sleep(0.5)
                    log.flush()

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve())


def _note(log: BinaryIO, question: str, began: float, ended: float) -> None:
    log.write(orjson.dumps([question[:_QUOTED], began, ended]) + b"\n")


if __name__ == "__main__":
    main()
