"""The bytes of files, on disk when the world is kept, else in memory."""

import asyncio
from pathlib import Path


class Blobs:
    """Bytes by name."""

    def __init__(self, state_dir: Path | None) -> None:
        self._folder = state_dir / "files" if state_dir is not None else None
        self._memory: dict[str, bytes] = {}
        if self._folder is not None:
            self._folder.mkdir(parents=True, exist_ok=True)

    async def write(self, name: str, content: bytes) -> None:
        """Keep `content` under `name`."""
        if self._folder is None:
            self._memory[name] = content
        else:
            await asyncio.to_thread((self._folder / name).write_bytes, content)

    async def read(self, name: str) -> bytes | None:
        """Return what was kept under `name`."""
        if self._folder is None:
            return self._memory.get(name)
        path = self._folder / name
        try:
            return await asyncio.to_thread(path.read_bytes)
        except FileNotFoundError:
            return None
