"""Reads the words of files, each in a process of its own."""

import asyncio
import json
import os
import signal
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import structlog

from vitte.clients.documents import errors
from vitte.clients.documents.errors import (
    FileBrokenError,
    FileError,
    FileTooComplexError,
    FileTooLargeError,
    FileUnsupportedError,
)
from vitte.clients.documents.kinds import DocumentKind, kind_of
from vitte.clients.documents.metrics import FILE_SECONDS, FILES_READ
from vitte.core.settings.input import FilesSettings

logger = structlog.get_logger(__name__)

_CHILD = "vitte.clients.documents.reading"
_BYTES_A_CHARACTER = 6
"""Bytes of JSON that one character may take."""
_ROOM = 4096
_ERRORS = {
    error.code: error
    for error in vars(errors).values()
    if isinstance(error, type) and issubclass(error, FileError)
}
# What ended the child by force was its own hunger: for time, or for memory where the kernel steps in.
_ENDED_BY_LIMITS = {-signal.SIGXCPU, -signal.SIGKILL, -signal.SIGXFSZ}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractedText:
    """The words of a file. `pages` where the format has them; `is_cut` when there was more to read."""

    text: str
    pages: int | None
    is_cut: bool


class DocumentReader:
    """Reads PDFs, Word documents, spreadsheets and text. Lives as long as its process.

    A library that reads what strangers send may loop, swell or crash. So each file is read by a fresh
    interpreter that has none of our secrets in its environment, may use so much CPU and memory, and is ended
    when its time is over.
    """

    def __init__(self, settings: FilesSettings) -> None:
        self._settings = settings
        self._turns = asyncio.Semaphore(settings.concurrency)

    def check(self, name: str, mime_type: str | None, *, size: int | None) -> DocumentKind:
        """Return what the file is, before it is fetched. Raises FileUnsupportedError, FileTooLargeError."""
        kind = kind_of(name, mime_type)
        if kind is None:
            FILES_READ.labels("other", FileUnsupportedError.code).inc()
            raise FileUnsupportedError(f"a file of type {mime_type}", name=name)
        if size is not None and size > self._settings.max_bytes:
            FILES_READ.labels(kind, FileTooLargeError.code).inc()
            raise FileTooLargeError(name=name, limit=self._settings.max_megabytes)
        return kind

    async def read(self, content: bytes, *, name: str, mime_type: str | None) -> ExtractedText:
        """Return the words of a file. Raises FileError."""
        kind = self.check(name, mime_type, size=len(content))
        started = time.monotonic()
        try:
            extracted = await self._read(content, kind, name=name)
        except FileError as error:
            self._note(kind, error.code, started, size=len(content))
            raise
        self._note(kind, "cut" if extracted.is_cut else "read", started, size=len(content))
        return extracted

    def _note(self, kind: DocumentKind, outcome: str, started: float, *, size: int) -> None:
        seconds = time.monotonic() - started
        FILES_READ.labels(kind, outcome).inc()
        FILE_SECONDS.labels(kind).observe(seconds)
        logger.info("file_read", kind=kind, outcome=outcome, seconds=round(seconds, 3), bytes=size)

    async def _read(self, content: bytes, kind: DocumentKind, *, name: str) -> ExtractedText:
        async with self._turns:
            answer = await self._ask_child(content, kind, name=name)
        if (code := answer.get("refused")) is not None:
            raise _ERRORS.get(str(code), FileBrokenError)(name=name)
        return ExtractedText(text=answer["text"], pages=answer["pages"], is_cut=answer["is_cut"])

    async def _ask_child(self, content: bytes, kind: DocumentKind, *, name: str) -> dict[str, Any]:
        settings = self._settings
        limits = (
            settings.max_pages,
            settings.max_characters,
            settings.cpu_seconds,
            settings.memory_megabytes,
        )
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-I",
            "-m",
            _CHILD,
            kind,
            *map(str, limits),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={"LANG": "C.UTF-8"},
            cwd="/",
            start_new_session=True,
        )
        try:
            async with asyncio.timeout(settings.extract_timeout):
                told = await self._exchange(child, content)
                await child.wait()
        except TimeoutError:
            raise FileTooComplexError("its time is over", name=name) from None
        finally:
            if child.returncode is None:
                with suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGKILL)
                await child.wait()
        if child.returncode in _ENDED_BY_LIMITS:
            raise FileTooComplexError(f"its reader ended with {child.returncode}", name=name)
        try:
            answer = json.loads(told)
        except ValueError:
            raise FileBrokenError(f"its reader ended with {child.returncode}", name=name) from None
        assert isinstance(answer, dict)  # noqa: S101 - it is our own program that has written it
        return answer

    async def _exchange(self, child: asyncio.subprocess.Process, content: bytes) -> bytes:
        """Hand the file over and return what the child tells, up to as much as it may."""
        assert child.stdin is not None  # noqa: S101 - asked for
        assert child.stdout is not None  # noqa: S101 - asked for
        with suppress(BrokenPipeError, ConnectionResetError):
            child.stdin.write(content)
            await child.stdin.drain()
            child.stdin.close()
        limit = _BYTES_A_CHARACTER * self._settings.max_characters + _ROOM
        told = bytearray()
        while chunk := await child.stdout.read(1 << 16):
            told += chunk
            if len(told) > limit:
                return b""
        return bytes(told)
