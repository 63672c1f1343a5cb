"""The folder that processes share."""

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from vitte.core.folder import own_folder

HOLD = """
from vitte.core.folder import own_folder
with own_folder('worker') as folder:
    print(folder, flush=True)
    input()
"""


def test_what_a_killed_worker_left_is_removed_by_the_next_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "vitte-worker-of-somebody").mkdir()
    processes = []
    for _ in range(2):
        process = subprocess.Popen(
            [sys.executable, "-c", HOLD],
            env={"TMPDIR": str(tmp_path)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        processes.append((process, Path(process.stdout.readline().strip())))
    (killed, left_behind), (alive, in_use) = processes
    killed.kill()
    killed.communicate()
    (left_behind / "counter_0.db").write_bytes(b"1")
    with own_folder("worker") as folder:
        assert folder.is_dir()
        assert not left_behind.exists()
        assert in_use.is_dir()
    assert not folder.exists()
    alive.communicate("\n")
    assert [path.name for path in tmp_path.iterdir()] == ["vitte-worker-of-somebody"]
