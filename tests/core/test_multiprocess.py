"""Metrics of several processes."""

import os
from pathlib import Path

from vitte.core.multiprocess import render


def test_the_metrics_are_shown_while_another_process_is_just_making_its_file(tmp_path: Path) -> None:
    (tmp_path / "counter_1.db").touch()
    assert b"vitte_build" in render(tmp_path, parent=os.getpid())
