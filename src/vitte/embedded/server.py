"""What the embedded servers have in common: one child process, started, watched and stopped."""

import signal
import threading
from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import Self

from vitte.embedded.errors import EmbeddedError, died
from vitte.embedded.ports import LOCALHOST, free_port, is_free, wait_until
from vitte.embedded.process import ChildProcess, spawn

_PORT_TRIES = 5


class EmbeddedServer(ABC):
    """A server on 127.0.0.1 with its data in one folder.

    Every method blocks for as long as it takes: from asyncio call it through `asyncio.to_thread`. `kill` may
    be called from another thread while `start` runs, which then raises.

    `port` None picks a free one at the first start and keeps it. `die_with_parent` lets the server end with
    this process, however that ends (Linux only).
    """

    name: str
    _stop_signal: signal.Signals = signal.SIGTERM
    _parent_death_signal: signal.Signals = signal.SIGTERM

    def __init__(self, data_dir: Path, *, port: int | None, password: str, die_with_parent: bool) -> None:
        self.host = LOCALHOST
        self.data_dir = data_dir.absolute()
        self.password = password
        self.die_with_parent = die_with_parent
        self._wanted_port = port
        self._port = port
        self._child: ChildProcess | None = None
        self._killed = threading.Event()

    @property
    def port(self) -> int:
        """The TCP port; known from the first start on when none was asked for."""
        if self._port is None:
            self._port = free_port()
        return self._port

    @property
    def child(self) -> ChildProcess | None:
        """The server's process, or None before the first start."""
        return self._child

    @property
    def death_signal(self) -> signal.Signals:
        """The signal on which the server ends soon without harm, for when nobody can wait for it."""
        return self._parent_death_signal

    @property
    def log_path(self) -> Path:
        """Where the server's own output goes."""
        return self.data_dir / f"{self.name.lower()}.log"

    @property
    def is_running(self) -> bool:
        """Whether the server's process runs."""
        return self._child is not None and self._child.is_running

    def start(self, *, timeout: float = 30.0) -> None:
        """Start the server and return when it takes connections; a running one is left alone.

        Raises `EmbeddedError` when it ends at once, or takes longer than `timeout` seconds.
        """
        if self.is_running:
            return
        self._killed.clear()
        self._prepare()
        for tries_left in reversed(range(_PORT_TRIES)):
            try:
                self._launch(timeout=timeout)
            except EmbeddedError:
                # Somebody may have taken the port between our look and the server's.
                if self._wanted_port is not None or not tries_left or is_free(self.port):
                    raise
                self._port = None
            else:
                return

    def stop(self, *, fast: bool = True, timeout: float = 10.0) -> None:
        """Stop the server in an orderly way; SIGKILL if it still runs after `timeout` seconds.

        `fast` False waits for the clients to leave, where the server knows the difference.
        """
        if self._child is not None:
            self._child.stop(grace=timeout, with_signal=self._signal_to_stop(fast=fast))

    def kill(self) -> None:
        """End the server at once with SIGKILL, as a power cut would, or the start that is going on."""
        self._killed.set()
        if self._child is not None:
            self._child.kill()

    def restart(self) -> None:
        """Stop the server and start it on the same port."""
        self.stop()
        self.start()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @abstractmethod
    def _prepare(self) -> None:
        """Make the data folder ready for a start."""

    @abstractmethod
    def _command(self) -> list[str]:
        """Return the command that serves in the foreground."""

    @abstractmethod
    def _is_ready(self, child: ChildProcess) -> bool:
        """Tell whether the server takes connections; its process runs."""

    def _stdin(self) -> bytes | None:
        return None

    def _environment(self) -> dict[str, str] | None:
        return None

    def _signal_to_stop(self, *, fast: bool) -> signal.Signals:  # noqa: ARG002 - PostgreSQL knows more
        return self._stop_signal

    def _launch(self, *, timeout: float) -> None:
        child = self._spawn(self._command(), stdin=self._stdin())
        self._child = child
        if not wait_until(lambda: self._has_started(child), timeout=timeout):
            child.kill()
            raise died(self.name, ending=f"did not get ready in {timeout:.0f} s", log=child.log_tail())

    def _has_started(self, child: ChildProcess) -> bool:
        if not child.is_running or self._killed.is_set():
            ending = child.ending() if not child.is_running else "was told to end"
            child.kill()
            raise died(self.name, ending=ending, log=child.log_tail())
        return self._is_ready(child)

    def _spawn(self, command: list[str], *, stdin: bytes | None = None) -> ChildProcess:
        return spawn(
            command,
            name=self.name,
            log_path=self.log_path,
            environment=self._environment(),
            stdin=stdin,
            parent_death_signal=self._parent_death_signal if self.die_with_parent else None,
        )
