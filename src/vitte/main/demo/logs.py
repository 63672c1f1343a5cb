"""JSON log lines, made readable for a person who wants to know why a part died."""

import json
from typing import Any

_TOLD_BY_THE_PLACE = {"event", "level", "timestamp", "exception", "process", "logger"}


def readable(lines: list[str], *, last: int = 15) -> list[str]:
    """Return the last `last` lines of a log for reading; what is not JSON stays as it is."""
    told = [text for line in lines[-last:] for text in _readable(line)]
    return told[-2 * last :]


def _readable(line: str) -> list[str]:
    try:
        event = json.loads(line)
    except ValueError:
        return [line]
    if not isinstance(event, dict) or "event" not in event:
        return [line]
    return _sentence(event)


def _sentence(event: dict[str, Any]) -> list[str]:
    time = str(event.get("timestamp", ""))[11:19]
    facts = " ".join(f"{name}={value}" for name, value in event.items() if name not in _TOLD_BY_THE_PLACE)
    head = " ".join(filter(None, (time, str(event.get("level", "")), str(event["event"]), facts)))
    return [head, *str(event.get("exception") or "").rstrip().splitlines()]
