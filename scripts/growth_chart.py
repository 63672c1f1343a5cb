"""Draw docs/images/growth.svg from docs/figures/growth.json, which `make bench-growth` writes."""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FIGURES = ROOT / "docs" / "figures" / "growth.json"
CHART = ROOT / "docs" / "images" / "growth.svg"

# Told apart on white and on black, and by those who do not tell red from green (Okabe and Ito's palette).
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#8c6bb1", "#7f7f7f", "#b2182b")
_TITLES = {"people": "people", "messages": "messages stored", "waiting": "updates waiting"}
_WIDTH, _HEIGHT, _GAP = 240, 260, 84
_LEFT, _TOP = 58, 40
_LEAST, _MOST = -2, 2
"""The powers of ten, in milliseconds, between which everything lies."""


def chart_text(rows: list[dict[str, Any]]) -> str:
    """Return the SVG: one panel for each thing that grows, one line for each step, both axes logarithmic."""
    steps = list(dict.fromkeys(row["step"] for row in rows))
    colours = dict(zip(steps, _COLOURS, strict=True))
    grows = list(dict.fromkeys(row["grows"] for row in rows))
    width = _LEFT + len(grows) * _WIDTH + (len(grows) - 1) * _GAP + 20
    lines = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {_TOP + _HEIGHT + 118}" role="img"'
            ' aria-label="What each step costs PostgreSQL, by what the tables hold">'
        ),
        (
            "<style>text{font:12px system-ui,sans-serif;fill:#24292f}.grid{stroke:#d0d7de}.line{fill:none;"
            "stroke-width:2}@media(prefers-color-scheme:dark){text{fill:#e6edf3}.grid{stroke:#3d444d}}</style>"
        ),
        f'<text x="{_LEFT - 44}" y="{_TOP - 22}">ms</text>',
    ]
    for number, name in enumerate(grows):
        panel = [row for row in rows if row["grows"] == name]
        lines += _panel(panel, _TITLES[name], _LEFT + number * (_WIDTH + _GAP), colours)
    for number, (step, colour) in enumerate(colours.items()):
        x, y = _LEFT + number % 5 * 185, _TOP + _HEIGHT + 72 + number // 5 * 24
        lines.append(f'<rect x="{x}" y="{y - 9}" width="18" height="4" fill="{colour}"/>')
        lines.append(f'<text x="{x + 24}" y="{y - 2}">{step}</text>')
    return "\n".join([*lines, "</svg>", ""])


def _panel(rows: list[dict[str, Any]], title: str, left: int, colours: dict[str, str]) -> Iterator[str]:
    sizes = sorted({row["size"] for row in rows})
    first, last = math.log10(sizes[0]), math.log10(sizes[-1])

    def x(size: float) -> float:
        return left + _WIDTH * (math.log10(size) - first) / max(last - first, 1)

    def y(ms: float) -> float:
        power = min(max(math.log10(ms), _LEAST), _MOST)
        return _TOP + _HEIGHT * (_MOST - power) / (_MOST - _LEAST)

    for power in range(_LEAST, _MOST + 1):
        height = y(10.0**power)
        yield f'<line class="grid" x1="{left}" x2="{left + _WIDTH}" y1="{height:.1f}" y2="{height:.1f}"/>'
        yield f'<text x="{left - 8}" y="{height + 4:.1f}" text-anchor="end">{10.0**power:g}</text>'
    for size in sizes:
        yield f'<text x="{x(size):.1f}" y="{_TOP + _HEIGHT + 18}" text-anchor="middle">{size:,}</text>'
    yield f'<text x="{left + _WIDTH / 2}" y="{_TOP + _HEIGHT + 40}" text-anchor="middle">{title}</text>'
    for step, colour in colours.items():
        points = sorted((row["size"], row["ms"]) for row in rows if row["step"] == step)
        path = " ".join(f"{x(size):.1f},{y(ms):.1f}" for size, ms in points)
        yield f'<polyline class="line" stroke="{colour}" points="{path}"/>'
        for size, ms in points:
            yield f'<circle cx="{x(size):.1f}" cy="{y(ms):.1f}" r="3" fill="{colour}"/>'


if __name__ == "__main__":
    CHART.write_text(chart_text(json.loads(FIGURES.read_text("utf-8"))), "utf-8")
