"""All that `make bench` measures: what things cost here, side by side with the simplest bot.

Each part can be run alone: `python -m bench.update_cost`, `.streaming`, `.memory`, `.growth`.
"""

import argparse
import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench import growth, memory, streaming, update_cost
from vitte.core.logging import configure_logging

_QUICK_PEOPLE = 500
Result = tuple[list[str], Any]
"""The lines of a table, and the same for machines."""


async def _update_cost(*, quick: bool) -> Result:
    rows = await update_cost.measure(update_cost.Scale(rounds=1 if quick else 3))
    return update_cost.table(rows), [asdict(row) for row in rows]


async def _streaming(*, quick: bool) -> Result:
    found = await streaming.measure(at_once=40, rounds=1 if quick else 7)
    return streaming.table(found), asdict(found)


async def _memory(*, quick: bool) -> Result:
    rows = await memory.measure(_QUICK_PEOPLE if quick else memory.PEOPLE)
    return memory.table(rows), [asdict(row) for row in rows]


async def _growth(*, quick: bool) -> Result:
    rows = await growth.measure(growth.QUICK if quick else growth.Scale())
    return growth.table(rows), [asdict(row) for row in rows]


_PARTS: dict[str, Callable[..., Awaitable[Result]]] = {
    "update_cost": _update_cost,
    "streaming": _streaming,
    "memory": _memory,
    "growth": _growth,
}


async def _run(parts: list[str], *, quick: bool, folder: Path | None) -> None:
    for name in parts:
        lines, figures = await _PARTS[name](quick=quick)
        print("\n".join([f"== {name}", *lines, ""]), flush=True)
        if folder is not None:
            text = json.dumps(figures, indent=1) + "\n"
            await asyncio.to_thread((folder / f"{name}.json").write_text, text, "utf-8")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "parts", nargs="*", metavar="PART", help=f"of {', '.join(_PARTS)}; all, if none is named"
    )
    parser.add_argument("--quick", action="store_true", help="less of everything, for a first look")
    parser.add_argument("--json", type=Path, metavar="FOLDER", help="write a file of each part there too")
    options = parser.parse_args()
    if unknown := set(options.parts) - set(_PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    if options.json:
        options.json.mkdir(parents=True, exist_ok=True)
    configure_logging(process="bench", level="WARNING")
    asyncio.run(_run(options.parts or list(_PARTS), quick=options.quick, folder=options.json))


if __name__ == "__main__":
    main()
