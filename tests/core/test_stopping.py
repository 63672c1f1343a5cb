"""Signals, in processes that do not do what they should."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.patience import PATIENCE

_HEAD = """
import sys, time
from vitte.core.logging import configure_logging
from vitte.core.stopping import obey_signals

configure_logging(process="test", format="json")
"""
STUCK = """
obey_signals(lambda: None, within=0.3)
print("ready", flush=True)
time.sleep(600)
"""
UNREAD = """
obey_signals(lambda: None, within=600)
print("ready", flush=True)
while True:
    print("a line that nobody reads", file=sys.stderr)
"""


@contextmanager
def running(program: str) -> Iterator["subprocess.Popen[str]"]:
    """Run a program until it says that it is ready."""
    with subprocess.Popen(
        [sys.executable, "-c", _HEAD + program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        try:
            yield process
        finally:
            process.kill()


def test_a_process_that_does_not_end_by_itself_is_ended() -> None:
    with running(STUCK) as process:
        process.terminate()
        _, log = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert [name for name in ("stopping", "stop_overdue") if name in log] == ["stopping", "stop_overdue"]


def test_a_second_signal_ends_a_process_whose_log_nobody_reads() -> None:
    with running(UNREAD) as process:
        # Together, for nobody can tell from outside when the first was handled.
        for number in (signal.SIGSTOP, signal.SIGTERM, signal.SIGINT, signal.SIGCONT):
            process.send_signal(number)
        assert process.wait(timeout=PATIENCE) in {128 + signal.SIGTERM, 128 + signal.SIGINT}
