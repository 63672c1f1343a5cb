"""A shell that outlives the demo by a moment and ends what a killed demo left behind."""

import contextlib
import signal
import subprocess
from typing import IO

from vitte.embedded.process import ChildProcess

# It reads "add GROUP SIGNAL" and "forget GROUP" until its standard input closes, which the kernel does
# however the demo ends. "over" means that nothing is left to do. A shell takes 1 MB where a Python would take
# 10, and works where there is no parent-death signal (macOS); that signal does not reach grandchildren
# anyhow.
_SCRIPT = """
trap '' INT TERM HUP
groups=
while read -r verb group signal; do
  case $verb in
    add) groups="$groups $group:$signal" ;;
    forget)
      kept=
      for entry in $groups; do [ "${entry%:*}" = "$group" ] || kept="$kept $entry"; done
      groups=$kept ;;
    over) exit 0 ;;
  esac
done
for entry in $groups; do kill -s "${entry#*:}" -- "-${entry%:*}" 2>/dev/null; done
tries=20
while [ $tries -gt 0 ]; do
  left=
  for entry in $groups; do kill -s 0 -- "-${entry%:*}" 2>/dev/null && left=1; done
  [ -n "$left" ] || exit 0
  sleep 0.1
  tries=$((tries - 1))
done
for entry in $groups; do kill -s KILL -- "-${entry%:*}" 2>/dev/null; done
"""


class Guardian:
    """Ends the process groups that were added to it when this process ends without saying goodbye."""

    def __init__(self) -> None:
        self._shell = subprocess.Popen(  # noqa: S603 - our own script
            ["/bin/sh", "-c", _SCRIPT],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is not for it
        )

    @property
    def pid(self) -> int:
        """The shell's process id."""
        return self._shell.pid

    def add(self, child: ChildProcess, *, death_signal: signal.Signals) -> None:
        """Watch over the group of `child`; the group gets `death_signal`, and SIGKILL two seconds later."""
        self._say(f"add {child.pid} {death_signal.name.removeprefix('SIG')}")

    def forget(self, child: ChildProcess) -> None:
        """`child` and its group have ended."""
        self._say(f"forget {child.pid}")

    def close(self) -> None:
        """Say goodbye: nothing is left to watch over."""
        self._say("over")
        with contextlib.suppress(BrokenPipeError):
            self._pipe.close()
        self._shell.wait()

    @property
    def _pipe(self) -> IO[bytes]:
        if self._shell.stdin is None:  # never so: a pipe was asked for
            raise RuntimeError("the guardian has no standard input")
        return self._shell.stdin

    def _say(self, line: str) -> None:
        with contextlib.suppress(BrokenPipeError, ValueError):
            self._pipe.write(line.encode() + b"\n")
            self._pipe.flush()
