"""Do the search and the MCP servers answer, and how fast?"""

import time

from vitte.clients.tools.errors import ToolFailedError
from vitte.clients.tools.mcp.servers import McpServers
from vitte.clients.tools.search import WebSearch
from vitte.core.settings import Settings
from vitte.main.doctor.finding import Check, Finding, doubtful, ok, unused, wrong

_SLOW = 5.0
_QUERY = "Telegram"


def tool_checks(settings: Settings) -> dict[str, Check]:
    """Make the check of the search, and one of each MCP server."""
    return {"search": check_search} | {f"mcp {name}": _check_of(name) for name in settings.tools.mcp_servers}


async def check_search(settings: Settings) -> Finding:
    """The search finds something."""
    if not settings.tools.search_url:
        return unused("VITTE_TOOLS__SEARCH_URL is not set: models cannot search the web")
    search = WebSearch(settings.tools)
    started = time.monotonic()
    try:
        found = await search.search(_QUERY)
    except ToolFailedError as error:
        return wrong(str(error), "Check VITTE_TOOLS__SEARCH_*; SearXNG answers in JSON only when told to.")
    finally:
        await search.close()
    seconds = time.monotonic() - started
    if not found:
        return doubtful(f"the search found nothing in {seconds:.1f} s", "Does it ask any engine?")
    return _judge(f"the search found {len(found)} pages in {seconds:.1f} s", seconds)


def _check_of(name: str) -> Check:
    async def check(settings: Settings) -> Finding:
        # Who asks here waits as long as it may take to connect.
        tools = settings.tools.model_copy(
            update={
                "mcp_servers": {name: settings.tools.mcp_servers[name]},
                "mcp_wait": settings.tools.mcp_connect_timeout + 1,
            }
        )
        servers = McpServers.of(tools)
        server = servers.by_name[name]
        started = time.monotonic()
        try:
            listed = await server.tools()
            seconds = time.monotonic() - started
            if not server.is_connected:
                return wrong(
                    f"no session with {name} ({server.fault or 'no answer'})",
                    "Check its entry in VITTE_TOOLS__MCP_SERVERS, and try its address or command by hand.",
                )
        finally:
            await servers.close()
        if not listed:
            return doubtful(f"{name} answers in {seconds:.1f} s and has no tools", "Is it the right server?")
        return _judge(f"{name} answers in {seconds:.1f} s; {len(listed)} tools", seconds)

    return check


def _judge(what: str, seconds: float) -> Finding:
    return doubtful(what, "People will wait for it.") if seconds > _SLOW else ok(what)
