"""Draw docs/images/update_cost.svg from docs/figures/update_cost.json, which `make bench` writes."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FIGURES = ROOT / "docs" / "figures" / "update_cost.json"
CHART = ROOT / "docs" / "images" / "update_cost.svg"

# Told apart on white and on black, and by those who do not tell red from green (Okabe and Ito's palette).
_COLOURS = {
    "product": "#0072b2",
    "without cache": "#56b4e9",
    "without inbox": "#009e73",
    "echo": "#7f7f7f",
    "echo, tuned": "#bfbfbf",
}
_TITLES = {"at once": "one of each of 150 chats at the same moment", "alone": "one at a time"}
_WIDTH, _HEIGHT, _GAP, _BAR = 420, 220, 70, 14
_LEFT, _TOP = 50, 40


def chart_text(rows: list[dict[str, Any]]) -> str:
    """Return the SVG: one panel a mode, one group of bars an update, one bar a bot."""
    width = _LEFT + 2 * _WIDTH + _GAP + 20
    lines = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {_TOP + _HEIGHT + 84}" role="img"'
            ' aria-label="CPU that an update costs a bot, by kind of update">'
        ),
        (
            "<style>text{font:12px system-ui,sans-serif;fill:#24292f}.grid{stroke:#d0d7de}"
            "@media(prefers-color-scheme:dark){text{fill:#e6edf3}.grid{stroke:#3d444d}}</style>"
        ),
        f'<text x="{_LEFT - 42}" y="{_TOP - 20}">ms of CPU</text>',
    ]
    for number, (mode, title) in enumerate(_TITLES.items()):
        panel = [row for row in rows if row["mode"] == mode]
        lines += _panel(panel, title, _LEFT + number * (_WIDTH + _GAP))
    for number, (bot, colour) in enumerate(_COLOURS.items()):
        x, y = _LEFT + number * 150, _TOP + _HEIGHT + 68
        lines.append(f'<rect x="{x}" y="{y - 10}" width="14" height="10" fill="{colour}"/>')
        lines.append(f'<text x="{x + 20}" y="{y}">{bot}</text>')
    return "\n".join([*lines, "</svg>", ""])


def _panel(rows: list[dict[str, Any]], title: str, left: int) -> Iterator[str]:
    kinds = list(dict.fromkeys(row["update"] for row in rows))
    step = _step(max(row["cpu_ms"] for row in rows))
    most = step * 4
    for part in range(5):
        y = _TOP + _HEIGHT * (1 - part / 4)
        yield f'<line class="grid" x1="{left}" x2="{left + _WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield f'<text x="{left - 8}" y="{y + 4:.1f}" text-anchor="end">{part * step:g}</text>'
    space = _WIDTH / len(kinds)
    for number, kind in enumerate(kinds):
        middle = left + (number + 0.5) * space
        yield f'<text x="{middle:.1f}" y="{_TOP + _HEIGHT + 18}" text-anchor="middle">{kind}</text>'
        for place, (bot, colour) in enumerate(_COLOURS.items()):
            for row in rows:
                if (row["bot"], row["update"]) == (bot, kind):
                    height = _HEIGHT * row["cpu_ms"] / most
                    x, y = middle + (place - len(_COLOURS) / 2) * _BAR, _TOP + _HEIGHT - height
                    yield (
                        f'<rect x="{x:.1f}" y="{y:.1f}" width="{_BAR - 2}" height="{height:.1f}"'
                        f' fill="{colour}"><title>{bot}: {row["cpu_ms"]:.2f} ms</title></rect>'
                    )
    yield f'<text x="{left + _WIDTH / 2}" y="{_TOP + _HEIGHT + 40}" text-anchor="middle">{title}</text>'


def _step(most: float) -> float:
    """Return the least round step of which four are enough."""
    return next(step for step in (0.25, 0.5, 1, 2, 2.5, 5, 10, 25, 50) if step * 4 >= most)


if __name__ == "__main__":
    CHART.write_text(chart_text(json.loads(FIGURES.read_text("utf-8"))), "utf-8")
