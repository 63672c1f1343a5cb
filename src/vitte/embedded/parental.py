"""Children that die with their parent, even when the parent is killed with SIGKILL."""

import ctypes
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

_PR_SET_PDEATHSIG = 1  # https://man7.org/linux/man-pages/man2/PR_SET_PDEATHSIG.2const.html
# Loaded before any fork: a child between fork and exec must not load libraries.
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

_Process = subprocess.Popen[bytes]


def _die_with(parent: int, death_signal: signal.Signals) -> Callable[[], None]:
    def ask_the_kernel() -> None:
        if _libc is not None:
            _libc.prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
        # The parent may have died before the kernel was asked: then nobody would ever send the signal.
        if os.getppid() != parent:
            os._exit(1)

    return ask_the_kernel


class _Spawner:
    """A thread that lives as long as this process and starts children for all others.

    Linux sends the signal when the *thread* that made the child ends. A thread of a pool, as
    `asyncio.to_thread` uses, ends long before the process does.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._jobs: queue.SimpleQueue[tuple[Future[_Process], Callable[[], _Process]]] = queue.SimpleQueue()
        self._process_id: int | None = None

    def run(self, job: Callable[[], _Process]) -> _Process:
        done: Future[_Process] = Future()
        with self._lock:
            if self._process_id != os.getpid():  # never started, or left behind in the parent by a fork
                self._process_id = os.getpid()
                self._jobs = queue.SimpleQueue()
                threading.Thread(target=self._work, args=(self._jobs,), name="spawner", daemon=True).start()
        self._jobs.put((done, job))
        return done.result()

    @staticmethod
    def _work(jobs: "queue.SimpleQueue[tuple[Future[_Process], Callable[[], _Process]]]") -> None:
        while True:
            done, job = jobs.get()
            try:
                done.set_result(job())
            except BaseException as error:  # noqa: BLE001 - the caller gets it
                done.set_exception(error)
            del done, job


_spawner = _Spawner()


def open_process(
    command: list[str], *, parent_death_signal: signal.Signals | None, **options: Any
) -> subprocess.Popen[bytes]:
    """Start `command` as `subprocess.Popen` would; it gets `parent_death_signal` when this process ends.

    Only Linux can do that; elsewhere, and with None, the child simply lives on.
    """
    if parent_death_signal is None or _libc is None:
        return subprocess.Popen(command, **options)  # noqa: S603 - commands are made by our own code
    preexec = _die_with(os.getpid(), parent_death_signal)
    return _spawner.run(
        lambda: subprocess.Popen(  # noqa: S603 - commands are made by our own code
            command,
            # Only two system calls through a loaded library: nothing that another thread's lock could block.
            preexec_fn=preexec,  # noqa: PLW1509 - there is no other way to set it before exec without a race
            **options,
        )
    )
