"""The folder that the worker's processes share."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PREFIX = "vitte-worker-"
_LOCK = "lock"


@contextmanager
def own_folder() -> Iterator[Path]:
    """Make a folder that lives as long as the worker, and remove those of workers that were killed."""
    parent = Path(tempfile.gettempdir())
    _remove_leftovers(parent)
    new = Path(tempfile.mkdtemp(prefix=f".{_PREFIX}", dir=parent))
    # The lock goes with the last process of this worker, however that ends.
    with (new / _LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # Only now by the name that others look for: none of them can come between folder and lock.
        folder = new.rename(parent / new.name.removeprefix("."))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _remove_leftovers(parent: Path) -> None:
    for folder in parent.glob(f"{_PREFIX}*"):
        try:
            if folder.lstat().st_uid != os.getuid():
                continue
            with (folder / _LOCK).open() as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            continue  # no folder of ours, or one that is in use
