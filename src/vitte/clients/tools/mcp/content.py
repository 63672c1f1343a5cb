"""What a server lists and says, brought into our own shapes and within bounds."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
import structlog

from vitte.clients.llm.protocol import Tool
from vitte.clients.tools.errors import ToolFailedError
from vitte.clients.tools.json_schema import BrokenSchemaError, check_schema
from vitte.clients.tools.mcp.names import tool_name

if TYPE_CHECKING:
    import mcp
    import mcp.types

logger = structlog.get_logger(__name__)

_MOST_TOOLS = 64
_MOST_PAGES = 20
_MAX_DESCRIPTION = 1024
_MAX_SCHEMA = 16_000
"""Characters of JSON: the model reads it with every question."""
_MAX_TITLE = 60
_MAX_ERROR = 1000


@dataclass(frozen=True, slots=True)
class ServerTool:
    """A tool of a server: what a model is told, the server's own name for it, and its title for people."""

    definition: Tool
    own_name: str
    title: str
    may_repeat: bool
    """Whether doing it twice does no harm, as its server says."""


async def listed_tools(client: "mcp.Client", server: str) -> Sequence[ServerTool]:
    """Return the server's tools, as many and as long as a model can be shown."""
    found: dict[str, ServerTool] = {}
    cursor: str | None = None
    for _ in range(_MOST_PAGES):
        page = await client.list_tools(cursor=cursor)
        for listed in page.tools:
            name = tool_name(server, listed.name)
            if len(found) < _MOST_TOOLS and name not in found and _is_bearable(listed, server):
                found[name] = _own(listed, name)
        cursor = page.next_cursor
        if cursor is None or len(found) >= _MOST_TOOLS:
            break
    return tuple(found.values())


def _is_bearable(listed: "mcp.types.Tool", server: str) -> bool:
    schema = listed.input_schema
    try:
        check_schema(schema)
        is_bearable = len(orjson.dumps(schema)) <= _MAX_SCHEMA
    except (BrokenSchemaError, orjson.JSONEncodeError):
        is_bearable = False
    if not is_bearable:
        logger.warning("mcp_tool_left_out", server=server, tool=listed.name[:_MAX_TITLE])
    return is_bearable


def _own(listed: "mcp.types.Tool", name: str) -> ServerTool:
    hints = listed.annotations
    return ServerTool(
        Tool(name, (listed.description or "")[:_MAX_DESCRIPTION], listed.input_schema),
        own_name=listed.name,
        title=(listed.title or (hints and hints.title) or listed.name)[:_MAX_TITLE],
        may_repeat=bool(hints and (hints.read_only_hint or hints.idempotent_hint)),
    )


def text_of(result: "mcp.types.CallToolResult") -> str:
    """Return what a server says, as text. Raises ToolFailedError when it says that it failed."""
    text = "\n".join(_pieces(result.content))
    if not text and result.structured_content is not None:
        text = orjson.dumps(result.structured_content, default=str).decode()
    if result.is_error:
        raise ToolFailedError(text[:_MAX_ERROR] or "the tool failed and does not say why")
    return text


def _pieces(content: Sequence[Any]) -> Iterator[str]:
    for block in content:
        if block.type == "text":
            yield block.text
        elif block.type == "resource" and isinstance(text := getattr(block.resource, "text", None), str):
            yield text
        elif block.type == "resource_link":
            yield str(block.uri)
        else:
            yield f"[{block.type} left out]"
