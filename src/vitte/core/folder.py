"""A folder that the processes of one command share."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_LOCK = "lock"


@contextmanager
def own_folder(process: str) -> Iterator[Path]:
    """Make a folder that lives as long as `process`, and remove those of its kind that were killed."""
    parent, prefix = Path(tempfile.gettempdir()), f"vitte-{process}-"
    _remove_leftovers(parent, prefix)
    new = Path(tempfile.mkdtemp(prefix=f".{prefix}", dir=parent))
    # The lock goes with the last process that was forked from this one, however that ends.
    with (new / _LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # Only now by the name that others look for: none of them can come between folder and lock.
        folder = new.rename(parent / new.name.removeprefix("."))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _remove_leftovers(parent: Path, prefix: str) -> None:
    for folder in parent.glob(f"{prefix}*"):
        try:
            if folder.lstat().st_uid != os.getuid():
                continue
            with (folder / _LOCK).open() as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            continue  # no folder of ours, or one that is in use
