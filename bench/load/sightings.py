"""What the sandbox saw of the bot, read from its call log while that grows."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from bench.load.judge import Reader, Sent

_TAKEN = 200
_UNWATCHED = frozenset({"getUpdates", "getMe", "setMyCommands", "deleteWebhook", "setChatMenuButton"})


@dataclass(slots=True)
class Chat:
    """What a person saw: messages, and when (Unix s) "typing" and drafts came, by their question's id."""

    sent: list[Sent] = field(default_factory=list)
    typing: list[float] = field(default_factory=list)
    drafts: dict[int, float] = field(default_factory=dict)
    """Of each question the first."""


class Lines:
    """Reads a file of lines that somebody still writes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read_to = 0
        self._rest = b""

    def read(self) -> list[bytes]:
        """Return the lines that are new and complete."""
        if not self._path.exists():
            return []
        with self._path.open("rb") as file:
            file.seek(self._read_to)
            new = file.read()
        self._read_to += len(new)
        *lines, self._rest = (self._rest + new).split(b"\n")
        return lines


class Sightings:
    """All chats, and all calls by how they ended. `look` before asking."""

    def __init__(self, call_log: Path) -> None:
        self.chats: dict[int, Chat] = defaultdict(Chat)
        self.calls: Counter[tuple[str, int]] = Counter()
        """By method and status."""
        self.sent = 0
        self._lines = Lines(call_log)
        self._reader = Reader()

    def look(self) -> None:
        """Take in what is new."""
        for raw in self._lines.read():
            line = orjson.loads(raw)
            if line["kind"] == "call" and (method := line["method"]) not in _UNWATCHED:
                self.calls[method, line["status"]] += 1
                if line["status"] == _TAKEN:
                    self._see(method, line["chat_id"], line["ts"], line["params"])

    def _see(self, method: str, chat_id: int, at: float, params: dict[str, object]) -> None:
        chat = self.chats[chat_id]
        if method == "sendMessage":
            chat.sent.append(self._reader.read(str(params["text"]), at=at))
            self.sent += 1
        elif method == "sendChatAction":
            chat.typing.append(at)
        elif method == "sendMessageDraft":
            chat.drafts.setdefault(int(str(params["draft_id"])), at)
