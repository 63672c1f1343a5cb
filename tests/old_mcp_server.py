"""A server of before 2026 for tests, by its pipes; by hand, to say what no library would let it say."""

import json
import sys
from typing import Any

ANYTHING = {"type": "object"}
TOOLS: list[dict[str, Any]] = [
    {"name": "good", "inputSchema": ANYTHING},
    {"name": "good", "description": "the same name again", "inputSchema": ANYTHING},
    {"name": "huge", "inputSchema": {"type": "object", "description": "x" * 20_000}},
    {"name": "broken_schema", "inputSchema": {"type": "object", "properties": {"a": {"type": "nonsense"}}}},
    {"name": "far_schema", "inputSchema": {"type": "object", "$ref": "http://127.0.0.1:9/schema.json"}},
    {"name": "endless_schema", "inputSchema": {"type": "object", "allOf": [{"$ref": "#"}]}},
    {
        "name": "slow_schema",
        "inputSchema": {"type": "object", "properties": {"a": {"type": "string", "pattern": "^(a+)+$"}}},
    },
    {"name": "wordy", "description": "w" * 5000, "inputSchema": ANYTHING},
    {"name": "wrong_shape", "inputSchema": ANYTHING},
    {
        "name": "wrong_output",
        "inputSchema": ANYTHING,
        "outputSchema": {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}},
    },
    {"name": "picture", "inputSchema": ANYTHING},
    {"name": "learn", "inputSchema": ANYTHING},
    *({"name": f"more_{number}", "inputSchema": ANYTHING} for number in range(500)),
]
RESULTS: dict[str, dict[str, Any]] = {
    "wrong_shape": {"content": "no list"},
    "wrong_output": {"content": [], "structuredContent": {"n": "no number"}},
    "picture": {
        "content": [
            {"type": "text", "text": "see:"},
            {"type": "image", "data": "AAAA", "mimeType": "image/png"},
            {"type": "resource", "resource": {"uri": "file:///a", "text": "a page"}},
        ]
    },
}


def say(message: dict[str, Any]) -> None:
    """Write a message."""
    print(json.dumps({"jsonrpc": "2.0", **message}), flush=True)


def answer(method: str, params: dict[str, Any]) -> dict[str, Any] | None:
    """Return the result of a method that there is."""
    if method == "initialize":
        return {
            "protocolVersion": "2025-06-18",
            "capabilities": {"tools": {"listChanged": True}},
            "serverInfo": {"name": "old", "version": "1"},
        }
    if method == "tools/list":
        return {"tools": TOOLS}
    if method == "tools/call":
        if params["name"] == "learn":
            TOOLS.insert(0, {"name": "learnt", "inputSchema": ANYTHING})
            say({"method": "notifications/tools/list_changed"})
        return RESULTS.get(params["name"], {"content": [{"type": "text", "text": "done"}]})
    return None


def main() -> None:
    """Serve until the input ends."""
    print("A greeting that is no message", flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        if "id" not in request:
            continue
        result = answer(request["method"], request.get("params", {}))
        if result is None:
            say({"id": request["id"], "error": {"code": -32601, "message": "Method not found"}})
        else:
            say({"id": request["id"], "result": result})


if __name__ == "__main__":
    main()
