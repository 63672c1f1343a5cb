"""What a person sees while the demo starts."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from tests.main.demo.fakes import READY, part
from vitte.main.demo.progress import StartProgress


@pytest.mark.parametrize("terminal", [True, False])
def test_a_part_is_ticked_off_with_its_seconds_and_a_failed_one_is_crossed_out(
    tmp_path: Path, terminal: bool
) -> None:
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    bot, api, later = (part(tmp_path, name, READY) for name in ("bot", "api", "later"))
    console = Console(file=out, force_terminal=terminal, width=80)
    with StartProgress(console, [bot, api, later]) as progress:
        progress.starting(bot)
        progress.starting(api)
        progress.ready(bot, seconds=1.234)
        progress.failed(api)
    out.seek(0)
    seen = Console(file=io.StringIO()).render_str(out.read()).plain
    assert "✓" in seen
    assert "1.2 s" in seen
    assert "✗ Api" in seen
    assert "Later" not in seen


def test_a_terminal_without_unicode_gets_plain_marks(tmp_path: Path) -> None:
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    bot = part(tmp_path, "bot", READY)
    with StartProgress(Console(file=out, force_terminal=False), [bot]) as progress:
        progress.starting(bot)
        progress.ready(bot, seconds=1)
    out.seek(0)
    assert out.read() == "+ Bot (1.0 s)\n"
