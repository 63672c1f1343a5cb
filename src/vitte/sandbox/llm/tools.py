"""How tool calls are streamed, by the protocol and as providers do it otherwise."""

from collections.abc import Iterator
from typing import Any

import orjson

from vitte.sandbox.llm.script import ToolStyle, ToolUse

_PIECE = 7


def tool_deltas(uses: list[ToolUse], style: ToolStyle) -> Iterator[list[dict[str, Any]]]:
    """Yield the `tool_calls` of each event."""
    for number, use in enumerate(uses):
        arguments = orjson.dumps(use.arguments).decode()
        identity = {"id": f"call_{number}", "type": "function"}
        whole = {"function": {"name": use.name, "arguments": arguments}}
        if style == "whole":
            yield [{"index": 0, **identity, **whole}]
        elif style == "no_id":
            yield [{"index": 0, **whole}]
        elif style == "no_index":
            yield [{**identity, **whole}]
        else:
            yield [{"index": number, **identity, "function": {"name": use.name, "arguments": ""}}]
            for place, start in enumerate(range(0, len(arguments), _PIECE), 1):
                index = number if style == "pieces" else 10 * number + place
                yield [{"index": index, "function": {"arguments": arguments[start : start + _PIECE]}}]
