"""Write the dashboards of deploy/grafana; with --check only tell whether they are what this would write."""

import json
import sys
from pathlib import Path

from boards.assistant import ASSISTANT
from boards.delivery import DELIVERY
from boards.overview import OVERVIEW
from boards.resources import RESOURCES
from boards.usage import USAGE
from grafana import render

FOLDER = Path(__file__).resolve().parent.parent / "deploy" / "grafana" / "dashboards"


def main(arguments: list[str]) -> int:
    """Write, or check; return the exit code."""
    wanted = {
        FOLDER / f"{board.uid}.json": json.dumps(render(board), indent=2) + "\n"
        for board in (OVERVIEW, ASSISTANT, USAGE, DELIVERY, RESOURCES)
    }
    if arguments == ["--check"]:
        there = {path: path.read_text("utf-8") for path in FOLDER.glob("*.json")}
        if there != wanted:
            print("The dashboards are not what scripts/dashboards.py writes: run it.")
        return int(there != wanted)
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path, text in wanted.items():
        path.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
