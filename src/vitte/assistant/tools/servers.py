"""Tools of MCP servers."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from vitte.assistant.tools.protocol import OfferedTool
from vitte.assistant.tools.schemas import Access, ToolContext
from vitte.assistant.tools.wording import as_data
from vitte.clients.llm.protocol import Tool
from vitte.clients.tools.errors import ToolFailedError
from vitte.clients.tools.mcp.content import ServerTool
from vitte.clients.tools.mcp.servers import McpServers
from vitte.core.settings.tools import McpServerSettings

if TYPE_CHECKING:
    from vitte.clients.tools.mcp.session import McpServer


class ToolOfServer:
    """One tool of one server."""

    text_key = "tool-server"

    def __init__(self, server: "McpServer", tool: ServerTool, *, access: Access, limit: int) -> None:
        self._server = server
        self._tool = tool
        self._limit = limit
        self.access = access

    @property
    def definition(self) -> Tool:
        """What its server tells of it."""
        return self._tool.definition

    def what(self, arguments: Mapping[str, Any]) -> str:  # noqa: ARG002 - what they mean only the server knows
        """Return the names of both."""
        return f"{self._server.name}: {self._tool.title}"

    async def run(self, arguments: Mapping[str, Any], context: ToolContext) -> str:  # noqa: ARG002
        """Have the server do it. Raises ToolFailedError."""
        source = f"the tool {self.definition.name}"
        try:
            text = await self._server.call(self._tool, arguments)
        except ToolFailedError as error:
            # It may say it in its own words.
            raise ToolFailedError(as_data(str(error), source=source, limit=self._limit)) from None
        return as_data(text, source=source, limit=self._limit)


class ServerTools:
    """The tools of all servers; one that is away takes nothing but its own with it."""

    def __init__(self, servers: McpServers, *, limit: int) -> None:
        self._servers = servers
        self._limit = limit
        self._access = {name: _access(server.access) for name, server in servers.by_name.items()}

    async def tools(self) -> Sequence[OfferedTool]:
        """Return those of the servers that are there."""
        servers = self._servers.all()
        listed = await asyncio.gather(*(server.tools() for server in servers))
        return [
            self._tool(server, tool) for server, tools in zip(servers, listed, strict=True) for tool in tools
        ]

    def known_tools(self) -> Sequence[OfferedTool]:
        """Return those that the servers listed last."""
        return [self._tool(server, tool) for server in self._servers.all() for tool in server.known_tools()]

    def _tool(self, server: "McpServer", tool: ServerTool) -> OfferedTool:
        return ToolOfServer(server, tool, access=self._access[server.name], limit=self._limit)


def _access(server: McpServerSettings) -> Access:
    return Access(plans=frozenset(server.plans), people=frozenset(server.people), groups=server.groups)
