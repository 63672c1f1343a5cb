"""Tools of our own."""

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from vitte.assistant.tools.protocol import PictureMaker
from vitte.assistant.tools.schemas import Access, ToolContext
from vitte.assistant.tools.wording import as_data
from vitte.clients.llm.protocol import Tool
from vitte.clients.tools.errors import ToolFailedError
from vitte.clients.tools.search import SearchResult, WebSearch
from vitte.core.clock import Clock
from vitte.core.settings.tools import ToolSettings


class CurrentTime:
    """Tells what time it is, which no model knows."""

    text_key = "tool-current-time"
    access = Access()

    def __init__(self, clock: Clock, settings: ToolSettings) -> None:
        self._clock = clock
        self._zone = settings.timezone
        self.definition = Tool(
            "current_time",
            f"The current date, weekday and time. Without a zone: in {self._zone}.",
            {
                "type": "object",
                "properties": {
                    "timezone": {"type": "string", "description": "IANA name, for example Europe/Berlin"}
                },
                "additionalProperties": False,
            },
        )

    def what(self, arguments: Mapping[str, Any]) -> str:
        """Return the zone."""
        return str(arguments.get("timezone") or self._zone)

    async def run(self, arguments: Mapping[str, Any], context: ToolContext) -> str:  # noqa: ARG002
        """Return the time in the zone. Raises ToolFailedError for one that there is not."""
        name = arguments.get("timezone") or self._zone
        try:
            now = self._clock.now().astimezone(ZoneInfo(name))
        except (LookupError, ValueError, OSError):
            raise ToolFailedError("there is no such time zone; one looks like Europe/Berlin") from None
        return f"{now:%A, %Y-%m-%d %H:%M:%S} in {name} (UTC{now:%z})"


class SearchTheWeb:
    """Asks the search of the settings."""

    text_key = "tool-web-search"

    def __init__(self, search: WebSearch, settings: ToolSettings) -> None:
        self._search = search
        self._limit = settings.output_limit
        self.access = Access(plans=frozenset(settings.search_plans), groups=settings.search_in_groups)
        self.definition = Tool(
            "web_search",
            "Search the web for what is recent, or what you are not sure of. Returns titles, addresses and"
            " pieces of pages. Name the addresses that you used in your answer.",
            {
                "type": "object",
                "properties": {
                    "query": {"type": "string", "minLength": 1, "description": "What to search for"}
                },
                "required": ["query"],
                "additionalProperties": False,
            },
        )

    def what(self, arguments: Mapping[str, Any]) -> str:
        """Return the words."""
        return str(arguments.get("query") or "")

    async def run(self, arguments: Mapping[str, Any], context: ToolContext) -> str:  # noqa: ARG002
        """Return what was found, as data. Raises ToolFailedError."""
        found = await self._search.search(arguments["query"])
        if not found:
            return "Nothing was found."
        return as_data(_listed(found), source="pages of the web, written by strangers", limit=self._limit)


def _listed(found: Sequence[SearchResult]) -> str:
    return "\n".join(
        orjson.dumps({"title": page.title, "url": page.url, "text": page.snippet}).decode() for page in found
    )


class DrawPicture:
    """Orders a picture; offered only where there is something that draws."""

    text_key = "tool-draw-picture"

    def __init__(self, maker: PictureMaker, access: Access) -> None:
        self._maker = maker
        self.access = access
        self.definition = Tool(
            "draw_picture",
            "Draw a picture and send it to the chat.",
            {
                "type": "object",
                "properties": {
                    "description": {
                        "type": "string",
                        "minLength": 1,
                        "maxLength": 1000,
                        "description": "What is to be seen, in English",
                    }
                },
                "required": ["description"],
                "additionalProperties": False,
            },
        )

    def what(self, arguments: Mapping[str, Any]) -> str:
        """Return what is to be seen."""
        return str(arguments.get("description") or "")

    async def run(self, arguments: Mapping[str, Any], context: ToolContext) -> str:
        """Order it. Raises ToolFailedError."""
        return await self._maker.draw(arguments["description"], context)
