"""All servers of the settings."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from vitte.core.settings.tools import ToolSettings

if TYPE_CHECKING:
    from vitte.clients.tools.mcp.session import McpServer

_LEAVE_WITHIN = 5.0
"""Seconds to take leave: a process that ignores its closed input is ended by force before that."""


class McpServers:
    """The servers by their names. Nothing connects before a tool is wanted; close them at the end."""

    def __init__(self, servers: Mapping[str, "McpServer"]) -> None:
        self.by_name = servers

    @classmethod
    def of(cls, settings: ToolSettings) -> "McpServers":
        """Make those of the settings. Any at all load the protocol's library, for which all else waits."""
        if not settings.mcp_servers:
            return cls({})
        from vitte.clients.tools.mcp.session import McpServer

        return cls({name: McpServer(name, server, settings) for name, server in settings.mcp_servers.items()})

    def all(self) -> Sequence["McpServer"]:
        """Return the servers in the order of the settings."""
        return tuple(self.by_name.values())

    async def close(self) -> None:
        """Leave all servers at once."""
        await asyncio.gather(*(server.close(within=_LEAVE_WITHIN) for server in self.all()))
