"""Which tools there are, and the running of their calls."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import structlog

from vitte.assistant.tools.arguments import check_arguments, read_arguments
from vitte.assistant.tools.metrics import CALLS, SECONDS
from vitte.assistant.tools.protocol import OfferedTool, ToolSource
from vitte.assistant.tools.schemas import ToolContext, ToolNote, ToolResult
from vitte.assistant.tools.wording import cut, shown
from vitte.clients.llm.protocol import Tool, ToolCall
from vitte.clients.tools.errors import ToolFailedError
from vitte.core.settings.tools import ToolSettings

logger = structlog.get_logger(__name__)

_GRACE = 5.0
"""Seconds for a tool that keeps the time itself, and knows better what to say when it is up."""
_UNKNOWN = "unknown"
_WRAPPING = 1000
"""Characters that a tool may put around its output."""


class RefusedCallError(ToolFailedError):
    """A call that is not even tried."""

    def __init__(self, outcome: str, sentence: str) -> None:
        super().__init__(sentence)
        self.outcome = outcome


class ToolRegistry:
    """All tools of the process. Whoever asks gets those that are for them; models hear why calls failed."""

    def __init__(
        self, settings: ToolSettings, tools: Sequence[OfferedTool], sources: Sequence[ToolSource] = ()
    ) -> None:
        self._settings = settings
        self._own = {tool.definition.name: tool for tool in tools}
        self._sources = sources

    async def tools_for(self, context: ToolContext) -> list[Tool]:
        """Begin a round of an answer: return the tools that the model may ask for in it.

        None when the answer has had all its rounds or calls: the model has to do with what it knows by then.
        """
        budget = context.budget
        if budget.rounds >= self._settings.max_rounds or budget.calls >= self._settings.max_calls:
            return []
        budget.rounds += 1
        found = list(self._own.values())
        for source in self._sources:
            found += await source.tools()
        return [tool.definition for tool in found if tool.access.allows(context)]

    async def run(self, call: ToolCall, context: ToolContext) -> ToolResult:
        """Do what a model asks for; whatever goes wrong is told to the model."""
        tool = self._find(call.name)
        name = call.name if tool is not None else _UNKNOWN
        started = time.monotonic()
        text, outcome = await self._outcome(tool, call, context)
        seconds = time.monotonic() - started
        CALLS.labels(name, outcome).inc()
        if tool is not None:
            SECONDS.labels(name).observe(seconds)
        # What was asked for is the person's own affair.
        logger.info("tool_used", tool=name, outcome=outcome, seconds=round(seconds, 3))
        is_error = outcome != "done"
        return ToolResult(text, is_error=is_error, shown=self.describe(call).params.get("what", ""))

    def describe(self, call: ToolCall) -> ToolNote:
        """Return what people are shown while a call is under way, however strange it is."""
        tool = self._find(call.name)
        if tool is None:
            return ToolNote("tool-other", {"what": shown(call.name)})
        try:
            arguments = read_arguments(call.arguments)
        except ToolFailedError:
            arguments = {}
        return ToolNote(tool.text_key, {"what": shown(tool.what(arguments))})

    async def _outcome(
        self, tool: OfferedTool | None, call: ToolCall, context: ToolContext
    ) -> tuple[str, str]:
        """Return what the model is told, and how it ended."""
        limit = self._settings.output_limit
        try:
            tool, arguments = self._admitted(tool, call, context)
            async with asyncio.timeout(self._settings.timeout + _GRACE):
                text = await tool.run(arguments, context)
        except RefusedCallError as error:
            return cut(f"Not done: {error}.", limit), error.outcome
        except ToolFailedError as error:
            return cut(f"It failed: {error}", limit + _WRAPPING), "failed"
        except TimeoutError:
            return "It failed: it takes too long.", "timeout"
        except Exception as error:  # noqa: BLE001 - one tool must not take the answer with it
            # Its words may quote what was asked for.
            logger.error("tool_broken", tool=call.name[:64], reason=type(error).__name__)  # noqa: TRY400
            return "It failed: the tool is broken.", "broken"
        return cut(text, limit + _WRAPPING), "done"

    def _admitted(
        self, tool: OfferedTool | None, call: ToolCall, context: ToolContext
    ) -> tuple[OfferedTool, dict[str, Any]]:
        """Return the tool and its arguments, if the one who asks may use it. Raises RefusedCallError."""
        budget = context.budget
        if budget.calls >= self._settings.max_calls:
            raise RefusedCallError("too_many", "no more tools for this answer; answer with what you know")
        budget.calls += 1
        # What a person may not use is as unknown to them as what there is not.
        if tool is None or not tool.access.allows(context):
            outcome = _UNKNOWN if tool is None else "forbidden"
            raise RefusedCallError(outcome, "there is no such tool here")
        try:
            arguments = read_arguments(call.arguments)
            check_arguments(arguments, tool.definition.parameters)
        except ToolFailedError as error:
            raise RefusedCallError("invalid", str(error)) from None
        return tool, arguments

    def _find(self, name: str) -> OfferedTool | None:
        if (tool := self._own.get(name)) is not None:
            return tool
        known = (tool for source in self._sources for tool in source.known_tools())
        return next((tool for tool in known if tool.definition.name == name), None)
