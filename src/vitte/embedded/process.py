"""A child process with a log file, a group of its own, and an end that takes all of the group with it."""

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from vitte.embedded.parental import open_process
from vitte.embedded.ports import wait_until


class ChildProcess:
    """One running command; made by `spawn`."""

    def __init__(
        self, process: subprocess.Popen[bytes], *, name: str, log_path: Path, log_start: int
    ) -> None:
        self.name = name
        self.log_path = log_path
        self._log_start = log_start
        self._process = process
        self._lock = threading.Lock()
        self._is_over = False

    @property
    def pid(self) -> int:
        """The process id, which is also the id of its group and session."""
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """The exit code, minus the signal's number after a signal, or None while it runs."""
        if self._process.returncode is not None or not hasattr(
            os, "waitid"
        ):  # macOS has it from Python 3.13 on
            return self._process.poll()
        try:
            # Looked at, not collected: until `kill` its id, which is the group's too, cannot be given to
            # another.
            seen = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return self._process.poll()
        if seen is None:
            return None
        return seen.si_status if seen.si_code == os.CLD_EXITED else -seen.si_status

    @property
    def is_running(self) -> bool:
        """Whether the process itself (not only some child of it) still runs."""
        return self.returncode is None

    def ending(self) -> str:
        """Return how it ended, in words: "ended with exit code 1", "was killed by SIGKILL"."""
        code = self.returncode
        if code is None:
            return "is running"
        if code >= 0:
            return f"ended with exit code {code}"
        try:
            return f"was killed by {signal.Signals(-code).name}"
        except ValueError:
            return f"was killed by signal {-code}"

    def log_text(self, *, last_bytes: int = 64_000) -> str:
        """Return what this process has written to its log, at most the last `last_bytes`."""
        try:
            with self.log_path.open("rb") as log:
                size = log.seek(0, os.SEEK_END)
                log.seek(max(self._log_start, size - last_bytes))
                return log.read().decode(errors="replace")
        except OSError:
            return ""

    def log_tail(self, lines: int = 15) -> list[str]:
        """Return the last `lines` lines of its log."""
        return self.log_text().rstrip().splitlines()[-lines:]

    def send(self, which: signal.Signals) -> None:
        """Send a signal to the process alone; nothing happens when it has ended."""
        if self.is_running:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, which)

    def wait(self, *, timeout: float) -> bool:
        """Wait up to `timeout` seconds for its end; tell whether it came."""
        return wait_until(lambda: not self.is_running, timeout=timeout, interval=0.01)

    def stop(self, *, grace: float, with_signal: signal.Signals = signal.SIGTERM) -> bool:
        """End it: `with_signal`, up to `grace` seconds, then SIGKILL; tell whether it needed no SIGKILL.

        Members of its group that outlive it are killed too.
        """
        self.send(with_signal)
        ended_by_itself = self.wait(timeout=grace)
        self.kill()
        return ended_by_itself

    def kill(self) -> None:
        """Send SIGKILL to the whole group, whether its leader still runs or not, and collect the process."""
        with self._lock:
            if self._is_over:
                return
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
            self._process.wait()
            self._is_over = True


def spawn(
    command: Sequence[str],
    *,
    name: str,
    log_path: Path,
    environment: Mapping[str, str] | None = None,
    stdin: bytes | None = None,
    working_directory: Path | None = None,
    parent_death_signal: signal.Signals | None = None,
) -> ChildProcess:
    """Start `command` in a session of its own, its output appended to `log_path`.

    `environment` None passes ours on. `stdin` is what it reads there (at most what a pipe holds, 64 kB), else
    nothing. With `parent_death_signal` Linux sends it that signal when this process ends in any way. A
    command that does not exist raises `FileNotFoundError`.
    """
    log_path.parent.mkdir(parents=True, exist_ok=True)
    with log_path.open("ab") as log:
        log_start = log.tell()
        process = open_process(
            list(command),
            parent_death_signal=parent_death_signal,
            stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=None if environment is None else dict(environment),
            cwd=working_directory,
            # Ctrl-C in the terminal goes to the starter alone, which then ends its children in the right
            # order.
            start_new_session=True,
        )
    if process.stdin is not None:
        with contextlib.suppress(BrokenPipeError), process.stdin as pipe:
            pipe.write(stdin or b"")
    return ChildProcess(process, name=name, log_path=log_path, log_start=log_start)
