"""What a bot holds in memory: at rest, and when thousands of people have written to it.

Beside it, on the same stand, the bot of aiogram's own first page, which holds nothing of them.
"""

import argparse
import asyncio
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.load.machine import read_families
from bench.stand import RunningBot, standing
from bench.update_cost import Answers, listening
from vitte.core.logging import configure_logging
from vitte.sandbox.client import SandboxClient

_TEXTS = ("/start", "How are you?", "/status")
PEOPLE = 5000
_AT_ONCE = 200
_SETTLE_SECONDS = 3.0
_MB = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Resident memory of a bot in MB, and its ratio to the echo bot's."""

    bot: str
    people: int
    at_rest: float
    after: float
    after_again: float
    """When everybody has written all of it a second time: what still grows is kept for good."""
    ratio: float


async def measure(people: int) -> list[Memory]:
    """Set everything up, measure, and take it down again."""
    async with standing(["product", "echo"]) as stand, listening(stand) as answers:
        ids = await stand.sandbox.let_in(people)
        found: dict[str, list[float]] = {}
        for bot in stand.bots:
            found[bot.name] = [await _resident(bot)]
            for _ in range(2):
                await _let_all_write(stand.sandbox, answers, bot, ids)
                found[bot.name].append(await _resident(bot))
        echo = found["echo"][1]
        return [
            Memory(bot=name, people=people, at_rest=mb[0], after=mb[1], after_again=mb[2], ratio=mb[1] / echo)
            for name, mb in found.items()
        ]


async def _let_all_write(sandbox: SandboxClient, answers: Answers, bot: RunningBot, ids: list[int]) -> None:
    for text in _TEXTS:
        for begin in range(0, len(ids), _AT_ONCE):
            crowd = ids[begin : begin + _AT_ONCE]
            await sandbox.write([(person, text) for person in crowd], bot_id=bot.bot_id)
            await answers.wait(bot.bot_id, len(crowd))


async def _resident(bot: RunningBot) -> float:
    await asyncio.sleep(_SETTLE_SECONDS)
    return read_families({bot.name: bot.pid})[bot.name].memory / _MB


def table(rows: list[Memory]) -> list[str]:
    """Return the lines of the table."""
    return [
        f"{'MB':<10}  {'at rest':>8}  {f'{rows[0].people} people':>12}  {'once more':>10}  {'ratio':>6}",
        *(
            f"{row.bot:<10}  {row.at_rest:8.1f}  {row.after:12.1f}  {row.after_again:10.1f}  {row.ratio:6.2f}"
            for row in rows
        ),
    ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--people", type=int, default=PEOPLE)
    parser.add_argument("--json", type=Path, help="write the rows to this file too")
    options = parser.parse_args()
    configure_logging(process="bench", level="WARNING")
    rows = asyncio.run(measure(options.people))
    print("\n".join(table(rows)))
    if options.json:
        options.json.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
