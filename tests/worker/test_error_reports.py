"""A process of Celery's pool reports its errors too."""

import asyncio

from aiohttp import web

from tests.patience import PATIENCE
from tests.web.processes import running
from tests.worker.conftest import WORKER, Enqueue
from vitte.core.settings import Settings
from vitte.embedded.ports import free_port


async def test_a_job_that_fails_is_reported_with_the_correlation_id_of_its_update(
    worker_settings: Settings, enqueue: Enqueue
) -> None:
    reports: asyncio.Queue[str] = asyncio.Queue()

    async def take(request: web.Request) -> web.Response:
        await reports.put(await request.text())
        return web.json_response({})

    app = web.Application()
    app.add_routes([web.post("/api/1/envelope/", take)])
    runner = web.AppRunner(app)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    worker_settings.sentry.dsn = type(worker_settings.sentry.dsn)(f"http://public@127.0.0.1:{port}/1")
    try:
        async with running(WORKER, settings=worker_settings) as worker:
            await worker.logged("worker_ready")
            await enqueue("tests.fails")
            async with asyncio.timeout(PATIENCE):
                report = await reports.get()
            failed = await worker.logged("job_failed", job="tests.fails")
        assert '"job_failed"' in report
        assert failed["correlation_id"] in report
        assert '"process":"worker"' in report
    finally:
        await runner.cleanup()
