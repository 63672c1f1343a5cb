"""A search of the web, at whatever endpoint answers in JSON.

SearXNG's answers (https://docs.searxng.org/dev/search_api.html) are `results[].title,url,content`. Others
name the same things a little otherwise and put them a little deeper: what counts is the first list of objects
that have an address and a title.
"""

import asyncio
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import aiohttp
import orjson

from vitte.clients.tools.errors import ToolFailedError
from vitte.core.settings.tools import KEY, QUERY, ToolSettings

_MAX_ANSWER = 2_000_000
"""Bytes of a search's answer: more is no search result."""
_MAX_DEPTH = 4
_MAX_QUERY, _MAX_TITLE, _MAX_SNIPPET, _MAX_URL = 400, 200, 700, 500
_TITLES = ("title", "name", "heading")
_URLS = ("url", "link", "href")
_SNIPPETS = ("content", "snippet", "description", "text", "body")
_TAG = re.compile(r"<[^<>]{1,200}>")


@dataclass(frozen=True, slots=True)
class SearchResult:
    """One page that was found; plain text."""

    title: str
    url: str
    snippet: str


class WebSearch:
    """The endpoint of the settings. Keeps its connections; close it at the end."""

    def __init__(self, settings: ToolSettings) -> None:
        self._settings = settings
        self._session: aiohttp.ClientSession | None = None

    async def search(self, query: str) -> list[SearchResult]:
        """Return what was found, best first. Raises ToolFailedError."""
        url, headers = self._request(query)
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=self._settings.timeout))
        try:
            # A redirect would take the key to who knows where.
            async with self._session.get(url, headers=headers, allow_redirects=False) as response:
                if response.status != 200:
                    raise ToolFailedError(f"the search answers with status {response.status}")
                answer = orjson.loads(await _read(response.content))
        except orjson.JSONDecodeError:
            raise ToolFailedError("the search does not answer in JSON") from None
        except TimeoutError:
            raise ToolFailedError("the search takes too long") from None
        except (aiohttp.ClientError, OSError) as error:
            # Their words may hold the address, and with it the key.
            raise ToolFailedError(f"the search cannot be reached ({type(error).__name__})") from None
        found = next(_lists_of_results(answer), None)
        if found is None and not _is_empty(answer):
            raise ToolFailedError("the search's answer has no list of results in it")
        return (found or [])[: self._settings.search_results]

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    def _request(self, query: str) -> tuple[str, dict[str, str]]:
        settings = self._settings
        key = settings.search_key.get_secret_value()
        # The key first: words that somebody asks for must not be taken for its place.
        url = settings.search_url.replace(KEY, quote(key, safe=""))
        url = url.replace(QUERY, quote(query[:_MAX_QUERY], safe=""))
        headers = {"Accept": "application/json"}
        if key and KEY not in settings.search_url:
            headers[settings.search_header] = key
        return url, headers


async def _read(content: aiohttp.StreamReader) -> bytes:
    pieces: list[bytes] = []
    size = 0
    async for piece in content.iter_any():
        size += len(piece)
        if size > _MAX_ANSWER:
            raise ToolFailedError("the search's answer is too long")
        pieces.append(piece)
        # A server that sends all at once must not keep everybody else from their turn.
        await asyncio.sleep(0)
    return b"".join(pieces)


def _lists_of_results(answer: Any) -> Iterator[list[SearchResult]]:
    """Yield what may be results, the least deep first."""
    level = [answer]
    for _ in range(_MAX_DEPTH):
        for value in level:
            if isinstance(value, list) and (found := [*filter(None, map(_result, value))]):
                yield found
        level = [inner for value in level for inner in _inside(value)]


def _inside(value: Any) -> list[Any]:
    if isinstance(value, dict):
        # Some answer with news, videos and so on beside the pages that were asked for.
        return [value[key] for key in sorted(value, key=lambda key: key not in ("results", "web"))]
    return []


def _is_empty(answer: Any) -> bool:
    return answer == [] or (isinstance(answer, dict) and any(value == [] for value in answer.values()))


def _result(item: Any) -> SearchResult | None:
    if not isinstance(item, dict):
        return None
    title, url = _first(item, _TITLES, _MAX_TITLE), _first(item, _URLS, _MAX_URL)
    if not title or not url.startswith(("http://", "https://")):
        return None
    return SearchResult(title, url, _first(item, _SNIPPETS, _MAX_SNIPPET))


def _first(item: dict[str, Any], names: tuple[str, ...], limit: int) -> str:
    """Return the first of these fields that has text, without its markup."""
    for name in names:
        if isinstance(text := item.get(name), str) and text.strip():
            # Cut twice: what is endless is not looked through for tags.
            plain = html.unescape(_TAG.sub("", text[: 4 * limit]))
            return " ".join(plain.split())[:limit]
    return ""
