"""The web search, at endpoints of several shapes, and at bad ones."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from vitte.clients.tools.errors import ToolFailedError
from vitte.clients.tools.search import WebSearch
from vitte.core.settings.tools import ToolSettings

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Endpoint:
    """A search that answers as the test says, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[web.Request] = []
        self.handler: Handler = self.nothing
        self.url = ""

    async def nothing(self, request: web.Request) -> web.StreamResponse:
        return web.json_response({"results": []})

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        return await self.handler(request)

    def says(self, content: object, *, status: int = 200) -> None:
        async def handler(_: web.Request) -> web.StreamResponse:
            if isinstance(content, str):
                return web.Response(text=content, status=status)
            return web.json_response(content, status=status)

        self.handler = handler


@pytest.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    """A fresh one."""
    endpoint = Endpoint()
    app = web.Application()
    app.router.add_get("/search", endpoint.handle)
    async with TestServer(app) as server:
        endpoint.url = str(server.make_url("/search"))
        yield endpoint


@pytest.fixture
async def make_search(endpoint: Endpoint) -> AsyncIterator[Callable[..., WebSearch]]:
    """Make a search of that endpoint."""
    made: list[WebSearch] = []

    def make(**settings: object) -> WebSearch:
        url = settings.pop("url", f"{endpoint.url}?q={{query}}&format=json")
        made.append(WebSearch(ToolSettings.model_validate({"search_url": url, **settings})))
        return made[-1]

    yield make
    for search in made:
        await search.close()


PAGE = ("A page", "https://example.org/a", "What it says")
SHAPES = {
    "searxng": {"query": "q", "results": [{"url": PAGE[1], "title": PAGE[0], "content": PAGE[2]}]},
    "brave": {
        "mixed": {"main": [{"type": "web", "index": 0}]},
        "videos": {"results": [{"title": "A film", "url": "https://example.org/film"}]},
        "web": {
            "results": [{"title": PAGE[0], "url": PAGE[1], "description": "What <strong>it</strong> says"}]
        },
    },
    "tavily": {
        "images": [],
        "results": [{"title": PAGE[0], "url": PAGE[1], "content": PAGE[2], "score": 0.9}],
    },
    "a list": [{"name": PAGE[0], "link": PAGE[1], "snippet": " What\n it says "}],
}


@pytest.mark.parametrize("shape", SHAPES)
async def test_pages_are_found_in_the_answers_of_several_searches(
    endpoint: Endpoint, make_search: Callable[..., WebSearch], shape: str
) -> None:
    endpoint.says(SHAPES[shape])
    found = await make_search().search("q")
    assert [(page.title, page.url, page.snippet) for page in found] == [PAGE]


async def test_any_words_arrive_as_they_were_written(
    endpoint: Endpoint, make_search: Callable[..., WebSearch]
) -> None:
    words = "курс & доллара? #1 {key} 100% +"
    assert await make_search(search_key="secret").search(words) == []
    assert dict(endpoint.asked[0].query) == {"q": words, "format": "json"}


async def test_the_key_is_sent_where_the_search_wants_it(
    endpoint: Endpoint, make_search: Callable[..., WebSearch]
) -> None:
    await make_search(search_key="a b", search_header="X-Token").search("q")
    await make_search(search_key="a b", url=f"{endpoint.url}?q={{query}}&key={{key}}").search("q")
    assert endpoint.asked[0].headers["X-Token"] == "a b"
    assert endpoint.asked[1].query["key"] == "a b"
    assert "Authorization" not in endpoint.asked[1].headers


async def test_no_more_is_shown_than_is_wanted_and_addresses_are_addresses(
    endpoint: Endpoint, make_search: Callable[..., WebSearch]
) -> None:
    bad = [{"title": "x", "url": "javascript:alert(1)"}, {"title": 3, "url": None}, "nonsense", None]
    good = [
        {"title": "t" * 9999, "url": f"https://e.org/{number}", "content": "c" * 9999} for number in range(50)
    ]
    endpoint.says({"results": [*bad, *good]})
    found = await make_search(search_results=3).search("q")
    assert [page.url for page in found] == [f"https://e.org/{number}" for number in range(3)]
    assert all(len(page.title) <= 200 and len(page.snippet) <= 700 for page in found)


@pytest.mark.parametrize(
    ("content", "status", "words"),
    [
        ("<html>blocked</html>", 200, "JSON"),
        ({"error": "no"}, 200, "no list"),
        ({"results": [{"nothing": 1}]}, 200, "no list"),
        ("slow down", 429, "429"),
        ("moved", 302, "302"),
        ("[" * 100_000, 200, "JSON"),
        (" " * 3_000_000, 200, "too long"),
    ],
)
async def test_a_bad_answer_is_a_failure_in_words(
    endpoint: Endpoint,
    make_search: Callable[..., WebSearch],
    content: object,
    status: int,
    words: str,
) -> None:
    endpoint.says(content, status=status)
    with pytest.raises(ToolFailedError, match=words):
        await make_search().search("q")


async def test_a_search_that_is_silent_or_away_is_a_failure_that_tells_no_address(
    endpoint: Endpoint, make_search: Callable[..., WebSearch]
) -> None:
    silent = asyncio.Event()

    async def handler(_: web.Request) -> web.StreamResponse:
        await silent.wait()
        return web.Response()

    endpoint.handler = handler
    with pytest.raises(ToolFailedError, match="too long"):
        await make_search(timeout=0.2).search("q")
    silent.set()
    with pytest.raises(ToolFailedError, match="cannot be reached") as failure:
        await make_search(url="http://127.0.0.1:9/?key={key}&q={query}", search_key="secret").search("q")
    assert "secret" not in str(failure.value)
