"""Running as root a server that refuses to run as root (PostgreSQL)."""

import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vitte.embedded.errors import EmbeddedError

_NOBODY = 65534


@dataclass(frozen=True, slots=True)
class Launcher:
    """A way to start a command that then does not see itself as root.

    `owner` is the user id that the command's files must belong to.
    """

    name: str
    arguments: tuple[str, ...]
    owner: int
    forgets_death_signal: bool = False

    def prefix(self, *, parent_death_signal: signal.Signals | None = None) -> list[str]:
        """Return what goes before the command; the signal is set anew where the launcher would lose it."""
        if parent_death_signal is None or not self.forgets_death_signal:
            return [*self.arguments, "--"]
        return [*self.arguments, f"--pdeathsig={parent_death_signal.name}", "--"]


# In a user namespace of its own the command is still us, minus all privileges, and called nobody.
USER_NAMESPACE = Launcher(
    name="a user namespace (unshare --user)",
    arguments=("unshare", "--user", f"--map-user={_NOBODY}", f"--map-group={_NOBODY}"),
    owner=0,
)
# Containers forbid that. There it really becomes nobody, who keeps one privilege of root's: to pass folders
# that are closed to others, as /root is. The change of user clears the parent-death signal.
NOBODY = Launcher(
    name="the user nobody (setpriv)",
    arguments=(
        "setpriv",
        f"--reuid={_NOBODY}",
        f"--regid={_NOBODY}",
        "--clear-groups",
        "--inh-caps=+dac_override",
        "--ambient-caps=+dac_override",
    ),
    owner=_NOBODY,
    forgets_death_signal=True,
)
LAUNCHERS = (USER_NAMESPACE, NOBODY)


def is_root() -> bool:
    """Tell whether this process is root."""
    return os.geteuid() == 0


def choose_launcher(
    data_dir: Path, *, program: Path, launchers: Sequence[Launcher] | None = None
) -> Launcher:
    """Return the first of `launchers` that works here, after giving it `data_dir`.

    Works means: it starts, it can write to `data_dir` and it can run `program --version`. Raises
    `EmbeddedError` when none does.
    """
    reasons = []
    for launcher in LAUNCHERS if launchers is None else launchers:
        give(data_dir, owner=launcher.owner)
        if (reason := _fault(launcher, data_dir=data_dir, program=program)) is None:
            return launcher
        reasons.append(f"  {launcher.name}: {reason}")
    raise EmbeddedError(
        f"{program.name} refuses to run as root, and no way to run it as somebody else works here:\n"
        + "\n".join(reasons)
        + "\nRun this command as an ordinary user instead."
    )


def give(folder: Path, *, owner: int) -> None:
    """Make `folder` and all in it belong to user `owner`, unless it does already."""
    if folder.stat().st_uid == owner:
        return
    for where, _, names in os.walk(folder):
        for name in names:
            os.lchown(Path(where, name), owner, owner)
    # Folders last, from the inside: one that is given away is a sign that all in it was.
    for where, _, _ in os.walk(folder, topdown=False):
        os.lchown(where, owner, owner)


def _fault(launcher: Launcher, *, data_dir: Path, program: Path) -> str | None:
    if shutil.which(launcher.arguments[0]) is None:
        return f"{launcher.arguments[0]} is not installed (package util-linux)"
    script = 'test -w "$1" || { echo "cannot write to $1" >&2; exit 1; }; exec "$2" --version'
    tried = subprocess.run(  # noqa: S603 - our own command
        [*launcher.prefix(), "sh", "-c", script, "sh", str(data_dir), str(program)],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    return None if tried.returncode == 0 else tried.stderr.strip() or f"exit code {tried.returncode}"
