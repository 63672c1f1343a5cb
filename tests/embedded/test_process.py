"""A child process: its log, its words at the end, and an end that takes everybody with it."""

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from tests.patience import PATIENCE
from vitte.embedded.ports import wait_until
from vitte.embedded.process import ChildProcess, spawn
from vitte.embedded.proctable import identify, is_running, members_of_group

DEAF = (
    "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); signal.pause()"
)
PARENT = (
    "import subprocess, sys\n"
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
    "print('child', child.pid, flush=True)\n"
)


def run(tmp_path: Path, program: str, **options: object) -> ChildProcess:
    log = tmp_path / "program.log"
    return spawn([sys.executable, "-u", "-c", program], name="program", log_path=log, **options)  # type: ignore[arg-type]


def said(child: ChildProcess, words: str) -> bool:
    return wait_until(lambda: words in child.log_text(), timeout=PATIENCE)


def test_a_process_that_ignores_sigterm_is_killed_after_its_grace(tmp_path: Path) -> None:
    child = run(tmp_path, DEAF)
    assert said(child, "deaf")
    begun = time.monotonic()
    assert child.stop(grace=0.3) is False
    assert time.monotonic() - begun >= 0.3
    assert child.ending() == "was killed by SIGKILL"


def test_a_process_that_listens_to_sigterm_ends_without_force(tmp_path: Path) -> None:
    child = run(tmp_path, "import time; print('up'); time.sleep(600)")
    assert said(child, "up")
    assert child.stop(grace=PATIENCE) is True
    assert child.returncode == -signal.SIGTERM


@pytest.mark.parametrize("parent_stays", [True, False], ids=["with its parent", "left by its parent"])
def test_grandchildren_end_with_the_process(tmp_path: Path, parent_stays: bool) -> None:
    child = run(tmp_path, PARENT + ("signal = __import__('signal'); signal.pause()" if parent_stays else ""))
    assert said(child, "child ")
    grandchild = int(child.log_tail()[-1].split()[1])
    if not parent_stays:
        assert child.wait(timeout=PATIENCE)
    assert grandchild in members_of_group(child.pid)
    child.stop(grace=PATIENCE)
    assert wait_until(lambda: not is_running(grandchild), timeout=PATIENCE)


def test_the_log_of_an_earlier_run_is_kept_but_not_quoted(tmp_path: Path) -> None:
    earlier = run(tmp_path, "print('first')")
    assert earlier.wait(timeout=PATIENCE)
    earlier.kill()
    later = run(tmp_path, "print('second'); raise SystemExit(3)")
    assert later.wait(timeout=PATIENCE)
    later.kill()
    assert later.log_tail() == ["second"]
    assert later.log_path.read_text().split() == ["first", "second"]
    assert later.ending() == "ended with exit code 3"


def test_standard_input_is_what_was_given_or_nothing(tmp_path: Path) -> None:
    program = "import sys; print(repr(sys.stdin.read()))"
    for given, seen in ((b"a\nb", "'a\\nb'"), (None, "''")):
        child = run(tmp_path, program, stdin=given)
        assert child.wait(timeout=PATIENCE)
        child.kill()
        assert child.log_tail() == [seen]


def test_the_identity_of_a_process_does_not_fit_another_start(tmp_path: Path) -> None:
    child = run(tmp_path, "import time; time.sleep(600)")
    identity = identify(child.pid)
    assert identity is not None
    assert identity.is_alive()
    assert identity != identify(os.getpid())
    child.kill()
    assert not identity.is_alive()
