"""The bot's health and metrics, on aiohttp, which aiogram has loaded already."""

from collections.abc import Awaitable, Callable

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from vitte.core.settings.processes import BotSettings

Check = Callable[[], Awaitable[bool]]


async def start_http(settings: BotSettings, *, is_ready: Check) -> web.AppRunner:
    """Serve `/health`, `/health/ready` and `/metrics`; `cleanup()` of the result ends it.

    `/health` says no more than that the process turns; nothing behind it is asked.
    """

    async def health(_: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def ready(_: web.Request) -> web.Response:
        if await is_ready():
            return web.json_response({"status": "ok"})
        return web.json_response({"status": "unavailable"}, status=503)

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = web.Application()
    app.add_routes(
        [web.get("/health", health), web.get("/health/ready", ready), web.get("/metrics", metrics)]
    )
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, settings.host, settings.port).start()
    return runner
