"""Draw a flame graph from what a sampling profiler has seen: `flame_chart.py STACKS SVG TITLE`.

STACKS holds a line for each stack, frames divided by ";" and then the number of samples, as
`py-spy record --gil --format raw` writes it. Only what runs inside the event loop is drawn.
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

_LOOP = "Runner.run (asyncio/runners.py)"
_WIDTH, _LINE, _TOP = 1180, 17, 34
_LEAST = 0.004
"""Share of the whole below which a frame is not drawn."""
_CHARACTER = 6.2
# Whose code it is, told apart on white and on black (Okabe and Ito's palette).
_OWNERS = {
    "vitte/": "#0072b2",
    "aiogram/": "#e69f00",
    "dishka/": "#cc79a7",
    "sqlalchemy/": "#d55e00",
    "asyncpg/": "#d55e00",
    "redis/": "#009e73",
    "aiohttp/": "#56b4e9",
    "pydantic/": "#f0e442",
}
_OTHERS = "#9a9a9a"
_LEGEND = {
    "Vitte": "#0072b2",
    "aiogram": "#e69f00",
    "pydantic": "#f0e442",
    "PostgreSQL (SQLAlchemy, asyncpg)": "#d55e00",
    "Redis": "#009e73",
    "HTTP (aiohttp)": "#56b4e9",
    "dishka": "#cc79a7",
    "others": _OTHERS,
}


@dataclass
class Frame:
    """A function, with the samples in it and in what it called."""

    samples: int = 0
    called: dict[str, "Frame"] = field(default_factory=dict)


def read(stacks: str) -> Frame:
    """Return the event loop as the root of what it called."""
    root = Frame()
    for line in stacks.splitlines():
        stack, _, samples = line.rpartition(" ")
        frames = [re.sub(r":\d+\)", ")", frame) for frame in stack.split(";")]
        if _LOOP not in frames:
            continue
        frame = root
        frame.samples += int(samples)
        for name in frames[frames.index(_LOOP) + 1 :]:
            frame = frame.called.setdefault(name, Frame())
            frame.samples += int(samples)
    return root


def chart_text(root: Frame, title: str) -> str:
    """Return the SVG, callers above what they called."""
    boxes = list(_boxes(root, "event loop", 0.0, 0, root.samples))
    height = _TOP + (max(depth for _, _, depth, _ in boxes) + 1) * _LINE + 34
    lines = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img"'
            f' aria-label="{escape(title)}">'
        ),
        (
            "<style>text{font:11px system-ui,sans-serif}.title{font-size:14px;fill:#24292f}"
            "@media(prefers-color-scheme:dark){.title{fill:#e6edf3}}</style>"
        ),
        f'<text class="title" x="4" y="20">{escape(title)}</text>',
    ]
    for name, left, depth, width in boxes:
        x, y, w = left * _WIDTH, _TOP + depth * _LINE, width * _WIDTH
        short = name.partition(" (")[0]
        shown = short[: max(0, int(w / _CHARACTER) - 1)]
        lines.append(
            f'<g><title>{escape(name)}: {width:.1%}</title><rect x="{x:.1f}" y="{y}"'
            f' width="{max(w - 0.6, 0.4):.1f}" height="{_LINE - 1}" fill="{_colour(name)}"/>'
            + (f'<text x="{x + 3:.1f}" y="{y + 12}">{escape(shown)}</text>' if len(shown) > 2 else "")
            + "</g>"
        )
    x = 4.0
    for owner, colour in _LEGEND.items():
        lines.append(f'<rect x="{x}" y="{height - 18}" width="11" height="11" fill="{colour}"/>')
        lines.append(
            f'<text class="title" style="font-size:11px" x="{x + 15}" y="{height - 8}">{owner}</text>'
        )
        x += 30 + len(owner) * _CHARACTER
    return "\n".join([*lines, "</svg>", ""])


def _boxes(
    frame: Frame, name: str, left: float, depth: int, all_: int
) -> Iterator[tuple[str, float, int, float]]:
    width = frame.samples / all_
    if width < _LEAST:
        return
    yield name, left, depth, width
    for called, child in sorted(frame.called.items(), key=lambda item: -item[1].samples):
        yield from _boxes(child, called, left, depth + 1, all_)
        left += child.samples / all_


def _colour(name: str) -> str:
    return next((colour for owner, colour in _OWNERS.items() if f"({owner}" in name), _OTHERS)


if __name__ == "__main__":
    source, target, heading = sys.argv[1:]
    Path(target).write_text(chart_text(read(Path(source).read_text("utf-8")), heading), "utf-8")
