"""Updates on their way in and out of the inbox."""

from dataclasses import dataclass
from typing import Any

import orjson


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingUpdate:
    """An update as it came, with what is needed to keep it in order. `payload` is its JSON."""

    update_id: int
    order_key: int
    payload: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedUpdate:
    """An update that this process may handle until its lease ends. `attempt` counts from 1."""

    id: int
    update_id: int
    payload: str
    attempt: int


class NotAnUpdateError(ValueError):
    """What came in is not a JSON object with an `update_id`."""


def read_update(raw: bytes | dict[str, Any]) -> IncomingUpdate:
    """Look into an update only as far as storing it needs. Raises NotAnUpdateError."""
    try:
        data = orjson.loads(raw) if isinstance(raw, bytes) else raw
    except orjson.JSONDecodeError:
        raise NotAnUpdateError("not JSON") from None
    update_id = data.get("update_id") if isinstance(data, dict) else None
    if not isinstance(update_id, int):
        raise NotAnUpdateError("no update_id")
    return IncomingUpdate(
        update_id=update_id, order_key=_order_key(data, update_id), payload=orjson.dumps(data).decode()
    )


def _order_key(data: dict[str, Any], update_id: int) -> int:
    """Return the id of the chat, else of the person, that the update belongs to; else a key of its own.

    An update is `update_id` and one more field that holds an object:
    https://core.telegram.org/bots/api#update .
    """
    for content in data.values():
        if not isinstance(content, dict):
            continue
        message = content.get("message")
        for holder in (content, message if isinstance(message, dict) else {}):
            for name in ("chat", "from", "user"):
                owner = holder.get(name)
                if name != "chat" and holder is content and isinstance(message, dict):
                    continue  # a button belongs to the chat of its message
                if isinstance(owner, dict) and isinstance(owner.get("id"), int):
                    return int(owner["id"])
    return update_id
