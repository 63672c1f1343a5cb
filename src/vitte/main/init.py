"""`vitte init`."""

import secrets
from pathlib import Path

from vitte.core.settings.example import env_text


def write_env_file(path: Path, *, overwrite: bool) -> None:
    """Write a .env with every secret generated that is ours to choose; only its owner can read it.

    Raises FileExistsError unless `overwrite`.
    """
    if overwrite:
        path.unlink(missing_ok=True)
    path.touch(mode=0o600, exist_ok=False)
    path.write_text(env_text(lambda _path: secrets.token_urlsafe(32)), "utf-8")
