"""`vitte demo` as its user sees it, with small parts in place of the real ones."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.patience import PATIENCE
from tests.ports import free_row
from vitte.embedded.ports import wait_until
from vitte.embedded.proctable import descendants_of, is_running

DRIVER = """
import sys
from pathlib import Path
from tests.main.demo import fakes
from vitte.main.demo import DemoOptions, run_demo, run

def parts(home, **_):
    programs = dict(argument.split("=") for argument in sys.argv[3:])
    return [fakes.part(home.logs, name, getattr(fakes, program)) for name, program in programs.items()]

run.demo_parts = parts
sys.exit(run_demo(DemoOptions(data_dir=Path(sys.argv[1]), port_base=int(sys.argv[2]))))
"""


@pytest.fixture
def port_base() -> int:
    """The first of nine free ports in a row."""
    return free_row(9)


@contextmanager
def demo(folder: Path, port_base: int, **parts: str) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-c", DRIVER, str(folder), str(port_base)]
    command += [f"{name}={program}" for name, program in parts.items()]
    environment = {"PATH": "/usr/bin:/bin", "COLUMNS": "200", "VITTE_DEMO_LLM": "local", "PYTHONUTF8": "1"}
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
    root = Path(__file__).parents[3]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=root, env=environment
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def read_until(process: "subprocess.Popen[str]", words: str) -> str:
    assert process.stdout is not None
    seen = ""
    for line in process.stdout:
        seen += line
        if words in line:
            return seen
    pytest.fail(f"{words!r} was not said, but: {seen}")


@pytest.mark.parametrize("which", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_demo_says_where_things_are_and_ends_well_when_asked(
    tmp_path: Path, port_base: int, which: signal.Signals
) -> None:
    with demo(tmp_path, port_base, bot="READY", worker="WITH_GRANDCHILD") as process:
        seen = read_until(process, "Ctrl-C")
        assert "✓ Bot" in seen
        assert f"http://127.0.0.1:{port_base}/" in seen
        assert "speaks English only" in seen
        assert "VITTE_LLM__BASE_URL" in seen
        family = descendants_of(process.pid)
        process.send_signal(which)
        assert process.wait(timeout=PATIENCE) == 0
    assert len(family) == 4
    # What was sent SIGKILL the kernel may still be taking down.
    assert wait_until(lambda: not any(map(is_running, family)), timeout=PATIENCE)


def test_a_part_that_dies_is_named_with_a_readable_log_and_the_exit_code_tells(
    tmp_path: Path, port_base: int
) -> None:
    with demo(tmp_path, port_base, bot="READY", worker="DIES") as process:
        assert process.stdout is not None
        seen = process.stdout.read()
        assert process.wait(timeout=PATIENCE) == 1
    assert "Worker ended with exit code 7." in seen
    assert "error broken why=a reason" in seen


def test_a_second_demo_on_the_same_ports_is_refused(tmp_path: Path, port_base: int) -> None:
    with demo(tmp_path, port_base, bot="READY") as first:
        read_until(first, "Ctrl-C")
        with demo(tmp_path, port_base, bot="READY") as second:
            assert second.stdout is not None
            assert (
                f"A demo already runs on port base {port_base} (process {first.pid})" in second.stdout.read()
            )
            assert second.wait(timeout=PATIENCE) == 1
        assert first.poll() is None


def test_the_demo_starts_again_after_it_was_killed(tmp_path: Path, port_base: int) -> None:
    with demo(tmp_path, port_base, bot="DEAF") as process:
        read_until(process, "Ctrl-C")
        process.kill()
    with demo(tmp_path, port_base, bot="READY") as process:
        read_until(process, "Ctrl-C")
        process.terminate()
        assert process.wait(timeout=PATIENCE) == 0
