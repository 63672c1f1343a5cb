"""JSON that must not be refused: what comes from outside is stored first and judged later."""

import json
from typing import Any

import orjson


def loads(raw: bytes | str) -> Any:
    """Read JSON; also half of a surrogate pair, NaN and the like, which the fast reader refuses.

    Raises ValueError for what is no JSON at all.
    """
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return json.loads(raw)


def dumps(value: Any) -> str:
    """Write JSON; what has no place in UTF-8 is written as its escape."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        return json.dumps(value, separators=(",", ":"))
