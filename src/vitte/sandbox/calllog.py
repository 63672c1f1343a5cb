"""A line for every Bot API call and every delivered update, to compare with what was acknowledged."""

import asyncio
from collections import deque
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from vitte.sandbox.model import Json
from vitte.sandbox.timing import SandboxClock

_FLUSH_INTERVAL = 0.1


class CallLog:
    """Keeps the latest lines in memory and, given a path, all lines in a file.

    A call: {"kind": "call", "seq", "ts", "bot_id", "method", "chat_id", "params" (files as {"file", "size"}),
    "status" (HTTP; 0 when the answer was withheld), "error", "message_id", "duration_ms", "fault"?, "via"?}.
    A delivery: {"kind": "delivery", "seq", "ts", "bot_id", "update_id", "how": "poll" | "webhook", "attempt",
    "confirmed"}: one line when the update is handed over ("confirmed" null) and one when the bot confirms it
    ("confirmed" is the time). `ts` and `confirmed` are Unix seconds with a fraction. A token is never kept.
    """

    def __init__(self, *, clock: SandboxClock, path: Path | None, memory: int) -> None:
        self._clock = clock
        self._calls: deque[Json] = deque(maxlen=memory)
        self._deliveries: deque[Json] = deque(maxlen=memory)
        self._seq = 0
        self._unwritten: list[Json] = []
        self._file: BinaryIO | None = None
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("ab")

    def call(self, line: Json) -> None:
        """Note a call."""
        self._note("call", line, self._calls)

    def delivery(
        self, *, bot_id: int, update_id: Any, how: str, attempt: int, confirmed: bool = False
    ) -> None:
        """Note that an update was handed to the bot, or that the bot confirmed it."""
        line = {"bot_id": bot_id, "update_id": update_id, "how": how, "attempt": attempt}
        line["confirmed"] = self._clock.now().timestamp() if confirmed else None
        self._note("delivery", line, self._deliveries)

    def lines(
        self, *, kind: str = "call", bot_id: int | None = None, method: str | None = None, after: int = 0
    ) -> list[Json]:
        """Return the lines in memory with `seq` above `after`; `kind` is "call", "delivery" or "all"."""
        sources = {"call": [self._calls], "delivery": [self._deliveries]}
        lines = [
            line
            for source in sources.get(kind, [self._calls, self._deliveries])
            for line in source
            if line["seq"] > after
            and (bot_id is None or line["bot_id"] == bot_id)
            and (method is None or line.get("method", "").lower() == method.lower())
        ]
        return sorted(lines, key=lambda line: int(line["seq"]))

    async def run(self) -> None:
        """Write new lines to the file until cancelled."""
        while self._file is not None:
            await asyncio.sleep(_FLUSH_INTERVAL)
            if lines := self._take():
                self._write(lines)

    def close(self) -> None:
        """Write the rest and close the file."""
        if self._file is not None:
            self._write(self._take())
            self._file.close()
            self._file = None

    def _note(self, kind: str, line: Json, memory: deque[Json]) -> None:
        self._seq += 1
        line["kind"] = kind
        line["seq"] = self._seq
        line["ts"] = self._clock.now().timestamp()
        memory.append(line)
        if self._file is not None:
            self._unwritten.append(line)

    def _take(self) -> list[Json]:
        lines, self._unwritten = self._unwritten, []
        return lines

    def _write(self, lines: list[Json]) -> None:
        if self._file is not None:
            self._file.write(b"".join(orjson.dumps(line, default=str) + b"\n" for line in lines))
            self._file.flush()
