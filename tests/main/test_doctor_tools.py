"""`vitte doctor` and what models may use."""

from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.clients.tools.conftest import command
from vitte.core.settings import Settings
from vitte.core.settings.tools import McpServerSettings
from vitte.main.doctor import Finding, Verdict, checks_for, examine


async def find(settings: Settings, name: str) -> Finding:
    return (await examine(settings, {name: checks_for(settings, ("bot",))[name]}))[name]


async def test_each_mcp_server_is_judged_by_itself() -> None:
    settings = Settings()
    settings.tools.mcp_servers = {"good": command(), "bad": McpServerSettings(command="/no/such/program")}
    good, bad = await find(settings, "mcp good"), await find(settings, "mcp bad")
    assert good.verdict in (Verdict.OK, Verdict.DOUBTFUL), good
    assert "9 tools" in good.what
    assert bad.verdict is Verdict.WRONG
    assert "FileNotFoundError" in bad.what


async def test_the_search_is_asked_and_its_fault_is_told() -> None:
    settings = Settings()
    assert (await find(settings, "search")).verdict is Verdict.UNUSED
    pages = [{"title": "Telegram", "url": "https://example.org", "content": ""}]

    async def answer(request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != "Bearer a-key":
            return web.Response(status=403)
        return web.json_response({"results": pages})

    app = web.Application()
    app.router.add_get("/search", answer)
    async with TestServer(app) as server:
        given = {"search_url": f"{server.make_url('/search')}?q={{query}}", "search_key": "Bearer a-key"}
        settings = Settings.model_validate({"tools": given})
        assert "1 pages" in (await find(settings, "search")).what
        refused = Settings.model_validate({"tools": given | {"search_key": "wrong"}})
        finding = await find(refused, "search")
        assert (finding.verdict, "403" in finding.what) == (Verdict.WRONG, True)
