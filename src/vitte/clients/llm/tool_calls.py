"""Tool calls put together from what providers stream of them.

By the protocol each piece has the index of its call, and the first one its id and name. Some servers number
all calls 0 (Ollama), leave out the index (Gemini) or the id (Ollama), count on within one call (Cerebras), or
send calls whole and their arguments as an object.
"""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import orjson

from vitte.clients.llm.protocol import ToolCall


@dataclass(slots=True)
class _Draft:
    index: Any
    id: str = ""
    name: str = ""
    arguments: str = ""

    @property
    def is_whole(self) -> bool:
        try:
            return isinstance(orjson.loads(self.arguments), dict)
        except orjson.JSONDecodeError:
            return False


class ToolCallCollector:
    """Takes pieces in, gives calls out."""

    def __init__(self) -> None:
        self._drafts: list[_Draft] = []
        self.length = 0
        """Characters so far."""

    def add(self, pieces: list[dict[str, Any]]) -> None:
        """Take what one event says. Raises AttributeError or TypeError when it is not what it should be."""
        for piece in pieces:
            function = piece.get("function") or {}
            identity, name = str(piece.get("id") or ""), str(function.get("name") or "")
            draft = self._draft_for(piece.get("index"), identity=identity, name=name)
            draft.id, draft.name = draft.id or identity, draft.name or name
            arguments = function.get("arguments")
            text = arguments if isinstance(arguments, str) else _as_json(arguments)
            draft.arguments += text
            self.length += len(text) + len(name)

    def take(self) -> tuple[ToolCall, ...]:
        """Return the calls, which are whole by now, and forget them."""
        drafts, self._drafts = self._drafts, []
        return tuple(
            ToolCall(
                id=draft.id or f"call_{uuid4().hex}",
                name=draft.name,
                arguments=draft.arguments.replace("\0", "") or "{}",
            )
            for draft in drafts
            if draft.name
        )

    def _draft_for(self, index: Any, *, identity: str, name: str) -> _Draft:
        if identity:
            for draft in self._drafts:
                if draft.id == identity:
                    return draft
        latest = self._drafts[-1] if self._drafts else None
        same = latest
        if index is not None:
            same = next((draft for draft in reversed(self._drafts) if draft.index == index), None)
        if same is None and not identity and not name:
            # More of a call, under a number that none has.
            same = latest
        is_another = same is not None and (
            bool(identity and same.id) or bool(name and same.name and (name != same.name or same.is_whole))
        )
        if same is None or is_another:
            same = _Draft(index)
            self._drafts.append(same)
        return same


def _as_json(arguments: Any) -> str:
    return "" if arguments is None else orjson.dumps(arguments).decode()
