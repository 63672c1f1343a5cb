"""One server: its session, its list of tools, and the calls of them."""

import asyncio
import contextvars
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from typing import Any, Final

import structlog
from mcp import Client, MCPError
from mcp.client.session import IncomingMessage
from mcp.client.subscriptions import ListenNotSupportedError, SubscriptionLost
from mcp.types import CONNECTION_CLOSED, INVALID_REQUEST, Implementation, ToolListChangedNotification
from pydantic import ValidationError

from vitte import __version__
from vitte.clients.breaker import Breaker
from vitte.clients.tools.errors import ToolFailedError
from vitte.clients.tools.mcp.content import ServerTool, listed_tools, text_of
from vitte.clients.tools.mcp.transport import open_transport
from vitte.clients.tools.metrics import MCP_CONNECTIONS
from vitte.core.nursery import Nursery
from vitte.core.settings.tools import McpServerSettings, ToolSettings

logger = structlog.get_logger(__name__)

_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0
"""Seconds until a server that did not answer is tried again: twice as many every time."""
_LEFT_ALONE = 30.0
_MAX_WORDS = 500
_STEPS: Final = 3
"""Probe, handshake and list share the time there is to connect; an older server may not answer the probe."""
_LOST = (CONNECTION_CLOSED, INVALID_REQUEST)
"""Codes of a session that is over: the pipe closed, or the server knows it no more."""


class ConnectionLostError(ToolFailedError):
    """The session ended while a call was under way."""


class McpServer:
    """A server's session lives in one task, which connects when it is first wanted, lists, and connects anew.

    One task, because the library's scopes have to be left where they were entered. It ends by being told, not
    by being cancelled: a cancellation would reach the library while it ends the server's process.
    """

    def __init__(self, name: str, server: McpServerSettings, settings: ToolSettings) -> None:
        self.name = name
        self.access = server
        self._server = server
        self._settings = settings
        self._nursery = Nursery()
        self._client: Client | None = None
        self._tools: Sequence[ServerTool] = ()
        self._breaker = Breaker(retry_after=_LEFT_ALONE)
        self._settled = asyncio.Event()
        """Clear while it is worth waiting for a session: until the first try ended, and after a loss."""
        self._news = asyncio.Event()
        self._life: asyncio.Task[Any] | None = None
        self.fault = ""
        """Why the latest session ended or did not begin, without the words of whoever said so."""
        self._stopping = asyncio.Event()

    async def tools(self) -> Sequence[ServerTool]:
        """Return the tools that can be used now; none of a server that is away. Waits only for the first."""
        await self._connected()
        return () if self._client is None or self._breaker.is_open() else self._tools

    @property
    def is_connected(self) -> bool:
        """Whether there is a session."""
        return self._client is not None

    def known_tools(self) -> Sequence[ServerTool]:
        """Return the tools of the latest list, without asking anybody."""
        return self._tools

    async def call(self, tool: ServerTool, arguments: Mapping[str, Any]) -> str:
        """Use a tool and return what it says. Raises ToolFailedError."""
        if self._breaker.is_open():
            raise ToolFailedError(f"{self.name} does not answer at the moment")
        try:
            return await self._call(tool, arguments)
        except ConnectionLostError:
            if not tool.may_repeat:
                raise
            return await self._call(tool, arguments)

    async def close(self, *, within: float) -> None:
        """Leave the server, and end its process."""
        self._stopping.set()
        self._news.set()
        await self._nursery.wait(timeout=within)
        await self._nursery.stop()

    async def _call(self, tool: ServerTool, arguments: Mapping[str, Any]) -> str:
        await self._connected()
        client = self._client
        if client is None:
            raise ToolFailedError(f"{self.name} cannot be reached at the moment")
        seconds = self._settings.timeout
        try:
            async with asyncio.timeout(seconds):
                # The library's own time-out begins when the call is written, which may never be.
                result = await client.call_tool(
                    tool.own_name, dict(arguments), read_timeout_seconds=2 * seconds
                )
        except TimeoutError:
            self._note_silence(client)
            raise ToolFailedError(f"{self.name} takes too long") from None
        except MCPError as error:
            if error.code not in _LOST:
                raise ToolFailedError(f"{self.name} refuses: {error.message[:_MAX_WORDS]}") from None
            self._lose(client)
            raise ConnectionLostError(
                f"the connection to {self.name} was lost; it may or may not have done what was asked"
            ) from None
        except (RuntimeError, ValidationError):
            # The library's words quote what the server said, however long that is.
            raise ToolFailedError(f"{self.name} gives an answer that breaks its own rules") from None
        self._breaker.note_success()
        return text_of(result)

    async def _connected(self) -> None:
        """Begin to connect if nobody has, and wait a little for it."""
        if self._life is None and not self._stopping.is_set():
            # Without the context of the update that happens to come first: the task outlives it.
            self._life = contextvars.Context().run(self._nursery.start, self._live(), name=f"mcp_{self.name}")
        if not self._settled.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(self._settings.mcp_wait):
                    await self._settled.wait()

    def _note_silence(self, client: Client) -> None:
        if self._breaker.note_failure():
            logger.warning("mcp_server_silent", server=self.name)
            self._lose(client)

    def _lose(self, client: Client) -> None:
        """Have the session made anew, unless that has begun already."""
        if self._client is client:
            self._client = None
            self._settled.clear()
            self._news.set()

    async def _live(self) -> None:
        pause = _FIRST_PAUSE
        while not self._stopping.is_set():
            has_begun = False
            try:
                async with AsyncExitStack() as stack:
                    client = await self._connect(stack)
                    has_begun, pause = True, _FIRST_PAUSE
                    await self._keep(client)
            except Exception as error:  # noqa: BLE001 - whatever the library or the server may come up with
                # Its words may hold addresses and headers.
                self.fault = reason_of(error)
                logger.warning("mcp_server_away", server=self.name, reason=self.fault)
            self._client = None
            if self._stopping.is_set() or has_begun:
                self._settled.clear()
                MCP_CONNECTIONS.labels(self.name, "ended" if self._stopping.is_set() else "lost").inc()
                continue
            MCP_CONNECTIONS.labels(self.name, "failed").inc()
            self._settled.set()
            await self._rest(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
        self._settled.set()

    async def _connect(self, stack: AsyncExitStack) -> Client:
        """Open a session that lasts as long as `stack`, and list its tools."""
        seconds = self._settings.mcp_connect_timeout
        async with asyncio.timeout(seconds):
            client = await stack.enter_async_context(
                Client(
                    open_transport(self._server, connect_timeout=seconds),
                    read_timeout_seconds=seconds / _STEPS,
                    message_handler=self._hear,
                    client_info=Implementation(name="vitte", version=__version__),
                    cache=None,
                )
            )
            self._tools = await listed_tools(client, self.name)
        self._client = client
        self._settled.set()
        MCP_CONNECTIONS.labels(self.name, "made").inc()
        logger.info("mcp_server_connected", server=self.name, tools=len(self._tools))
        return client

    async def _keep(self, client: Client) -> None:
        """Keep the list of tools fresh until the session is lost, or the process ends."""
        following = self._nursery.start(self._follow(client), name=f"mcp_news_{self.name}")
        try:
            while True:
                await self._rest(self._settings.mcp_refresh)
                if self._stopping.is_set() or self._client is not client:
                    return
                self._tools = await listed_tools(client, self.name)
        finally:
            following.cancel()

    async def _rest(self, seconds: float) -> None:
        """Wait for news, but not for ever."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._news.wait()
        self._news.clear()

    async def _hear(self, message: IncomingMessage) -> None:
        """Hear of a changed list from a server of before 2026."""
        if isinstance(message, ToolListChangedNotification):
            self._news.set()

    async def _follow(self, client: Client) -> None:
        """Hear of a changed list from a newer server, which has to be asked to tell."""
        with suppress(ListenNotSupportedError, SubscriptionLost, MCPError, TimeoutError):
            async with client.listen(tools_list_changed=True) as changes:
                # What has changed since the list was read, nobody says again.
                self._news.set()
                async for _ in changes:
                    self._news.set()


def reason_of(error: BaseException) -> str:
    """Name what went wrong without its words; of several things at once, the first."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return type(error).__name__
