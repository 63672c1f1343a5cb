"""Updates on their way in and out of the inbox."""

import re
from dataclasses import dataclass
from typing import Any, TypeGuard

from vitte.core.json import dumps, loads
from vitte.db.models import UpdateLane

_FAST_KINDS = frozenset(
    {"pre_checkout_query", "shipping_query", "callback_query", "stopped_message_generation"}
)
_TYPE = re.compile(r"[a-z_]{3,40}")
_TYPE_OF_STORED = re.compile(r'\{"update_id":-?\d+,"([a-z_]{3,40})":')
"""How an update begins that Telegram sends and `read_update` stores."""
ASKING = "ask"
"""What the data of a button begins with, before a colon, that asks a question."""
SPEAKING = "say"
"""The same of one that has something read aloud."""
_FAST_COMMANDS = frozenset({"/cancel", "/stop"})


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingUpdate:
    """An update as it came, with what is needed to keep it in order. `payload` is its JSON."""

    update_id: int
    order_key: int
    lane: UpdateLane
    payload: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredUpdate:
    """An update that was new; `is_claimed` when it was claimed by whoever brought it."""

    id: int
    update_id: int
    is_claimed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedUpdate:
    """An update that this process may handle until its lease ends. `attempt` counts from 1."""

    id: int
    update_id: int
    payload: str
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxBacklog:
    """What is open: how many updates, and how many seconds the oldest has waited that could be taken now.

    One that waits for another of its chat, or is being handled, is in good hands, and counts as no oldest.
    """

    open: int
    oldest: float


class NotAnUpdateError(ValueError):
    """What came in is not a JSON object with an `update_id`."""


class UnreadableUpdateError(ValueError):
    """A stored update that our models refuse: the next try would end like this one."""


def read_update(raw: bytes | dict[str, Any]) -> IncomingUpdate:
    """Look into an update only as far as storing it needs. Raises NotAnUpdateError."""
    try:
        data = loads(raw) if isinstance(raw, bytes) else raw
    except ValueError:
        raise NotAnUpdateError("not JSON") from None
    update_id = data.get("update_id") if isinstance(data, dict) else None
    if not _is_id(update_id):
        raise NotAnUpdateError("no update_id")
    return IncomingUpdate(
        update_id=update_id,
        order_key=_order_key(data, update_id),
        lane=_lane(data),
        payload=dumps(data),
    )


def type_of(payload: str) -> str:
    """Name what a stored update is ("message", "callback_query", ...): the one field beside its id.

    "other" is what cannot be a name of Telegram's: whoever sends it shall not choose the labels of a metric.
    """
    if (found := _TYPE_OF_STORED.match(payload)) is not None:
        return found[1]
    names = [name for name in loads(payload or "{}") if name != "update_id"]
    return names[0] if names and _TYPE.fullmatch(names[0]) else "other"


def _lane(data: dict[str, Any]) -> UpdateLane:
    """Tell whether the update must not wait until the answer before it is complete.

    A pre_checkout_query has ten seconds, a pressed button shows a spinner, and who wants to stop an answer
    wants it now. A button that asks a question gets an answer like any other, when it is its turn, and so
    does one that has something read aloud, for which others would have to wait.
    """
    pressed = data.get("callback_query")
    if isinstance(pressed, dict) and str(pressed.get("data", "")).partition(":")[0] in (ASKING, SPEAKING):
        return UpdateLane.ORDINARY
    if not _FAST_KINDS.isdisjoint(data):
        return UpdateLane.FAST
    message = data.get("message")
    text = message.get("text") if isinstance(message, dict) else None
    words = text.split(maxsplit=1) if isinstance(text, str) else []
    if words and words[0].partition("@")[0].lower() in _FAST_COMMANDS:
        return UpdateLane.FAST
    return UpdateLane.ORDINARY


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
                if isinstance(owner, dict) and _is_id(owner.get("id")):
                    return int(owner["id"])
    return update_id


def _is_id(value: object) -> TypeGuard[int]:
    """Tell whether the value is a number that a bigint holds. True and False are none."""
    return type(value) is int and abs(value) < 2**63
