"""Small programs that stand for the parts of the demo."""

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.patience import PATIENCE
from vitte.main.demo.parts import LogProbe, Part

IS_READY = LogProbe("i_am_ready")

READY = "print('i_am_ready', flush=True); signal.pause()"
DIES = 'print(\'{"event": "broken", "level": "error", "why": "a reason"}\', flush=True); sys.exit(7)'
DEAF = f"signal.signal(signal.SIGTERM, signal.SIG_IGN); {READY}"
WITH_GRANDCHILD = (
    "child = subprocess.Popen([sys.executable, '-S', '-c', 'import time; time.sleep(600)']); "
    f"print('grandchild', child.pid, flush=True); {READY}"
)
NEVER_READY = "signal.pause()"


def part(folder: Path, name: str, program: str, **options: Any) -> Part:
    """Return a part that runs `program` and is ready when it prints so, unless `options` say otherwise."""
    options.setdefault("ready", IS_READY)
    options.setdefault("stop_timeout", 10 * PATIENCE)
    head = "import os, pathlib, signal, subprocess, sys, time\n"
    return Part(
        name=name,
        title=name.title(),
        command=(sys.executable, "-S", "-E", "-c", head + program),
        log_file=folder / f"{name}.log",
        **options,
    )


@dataclass
class Recorder:
    """A reporter that remembers."""

    events: list[str] = field(default_factory=list)

    def starting(self, part: Part) -> None:
        self.events.append(f"{part.name} starts")

    def ready(self, part: Part, *, seconds: float) -> None:
        self.events.append(f"{part.name} is ready")

    def failed(self, part: Part) -> None:
        self.events.append(f"{part.name} failed")
