"""What the child process may not do from the moment at which it begins to read a file."""

import os
import resource
import sys
import sysconfig
from contextlib import suppress
from pathlib import Path

_FORBIDDEN = (
    "socket.",
    "subprocess.",
    "ctypes.",
    "os.exec",
    "os.fork",
    "os.posix_spawn",
    "os.system",
    "os.kill",
)
_KILLED_FIRST = "1000"


def give_way() -> None:
    """Let answers go first, and let the kernel end this process rather than the bot when memory is short."""
    os.nice(10)
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_KILLED_FIRST)


def limit(*, cpu_seconds: int, memory: int) -> None:
    """Let the kernel keep this process within bounds: it writes and starts nothing from here on."""
    limits = {
        resource.RLIMIT_CPU: cpu_seconds,
        resource.RLIMIT_AS: memory,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NPROC: 0,
    }
    for what, most in limits.items():
        # macOS knows RLIMIT_AS and refuses it; there the time-out alone holds.
        with suppress(ValueError, OSError):
            resource.setrlimit(what, (most, most))


def guard() -> None:
    """Refuse to open what is no part of Python or of the libraries, and to speak to anybody.

    A file that leads a library astray shall find no secret and no way out. It holds for what is done in
    Python; against a fault in a library's C there are the limits of the kernel.
    """
    folders = {*sys.path, *sysconfig.get_paths().values()}
    own = tuple(f"{os.path.realpath(folder)}{os.sep}" for folder in folders if folder)

    def look(event: str, args: tuple[object, ...]) -> None:
        if event == "open":
            path = args[0]
            if isinstance(path, str | bytes) and not os.path.realpath(os.fsdecode(path)).startswith(own):
                raise PermissionError("not from here")
        elif event.startswith(_FORBIDDEN):
            raise PermissionError("not from here")

    sys.addaudithook(look)
