"""`make load`: many people for minutes, and what became of every message."""

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.load.knee import find_knee
from bench.load.model import Speed
from bench.load.people import Habits
from bench.load.report import as_json, faults, lines
from bench.load.run import Load
from bench.load.stage import StageError, staged
from vitte.core.logging import configure_logging


async def run(options: argparse.Namespace) -> int:
    """Run what was asked for; return the exit code."""
    habits = Habits(
        people=options.people, seconds=options.minutes * 60, pause=options.pause, seed=options.seed
    )
    speed = Speed()
    with tempfile.TemporaryDirectory(prefix="vitte-load-", dir=options.data_dir) as folder:
        async with staged(Path(folder), speed=speed) as stage:
            load = Load(stage, model_seconds=speed.seconds, say=_say)
            if options.knee:
                knee = await find_knee(load, habits, say=_say)
                results, verdict = knee.results, knee.verdict
            else:
                results, verdict = [await load.run(habits)], ""
                _say("\n".join(lines(results[0])))
    if options.json:
        runs = [as_json(result) for result in results]
        content = {"runs": runs, "knee": verdict} if options.knee else runs[0]
        options.json.write_text(json.dumps(content, indent=1) + "\n", "utf-8")
    wrong = [fault for result in results for fault in faults(result)]
    _say(f"WRONG: {', '.join(wrong)}" if wrong else "Nothing lost, nothing doubled, all in order.")
    return 1 if wrong else 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    habits = Habits()
    parser = argparse.ArgumentParser(prog="make load", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--people", type=int, default=habits.people)
    parser.add_argument("--minutes", type=float, default=habits.seconds / 60)
    parser.add_argument(
        "--pause", type=float, default=habits.pause, help="seconds from one thing a person begins to the next"
    )
    parser.add_argument(
        "--knee", action="store_true", help="double the people until it breaks, and say what does"
    )
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    parser.add_argument("--seed", type=int, default=habits.seed, help="another one plays other people")
    parser.add_argument("--data-dir", type=Path, help="where the databases are while it runs")
    return parser.parse_args(arguments)


def _say(text: str) -> None:
    print(text, flush=True)


def main() -> None:
    """Run and print."""
    options = _options(None)
    configure_logging(process="bench", level="WARNING")
    try:
        code = asyncio.run(run(options))
    except StageError as error:
        _say(str(error))
        code = 1
    sys.exit(code)


if __name__ == "__main__":
    main()
