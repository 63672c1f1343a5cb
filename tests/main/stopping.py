"""A process with a request in progress, for tests of its end."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from tests.admin.conftest import log_in
from tests.chaos.stage import until_async
from tests.patience import PATIENCE
from tests.web.processes import RunningProcess, running
from vitte.core.nursery import Nursery
from vitte.core.settings import Settings
from vitte.embedded.ports import free_port
from vitte.sandbox.testing import running_sandbox

AT_ONCE = {128 + signal.SIGTERM, 128 + signal.SIGINT}
_SECRET = "a-secret_for-tests"
_WEBHOOK = "/api/v1/telegram/webhook"
_WAITING = """
    SELECT count(*) FROM pg_stat_activity
    WHERE wait_event_type = 'Lock' AND datname = current_database() AND application_name = :name
"""


@asynccontextmanager
async def started(name: str, settings: Settings) -> AsyncIterator[RunningProcess]:
    """Run one process, with a Telegram where it needs one, and wait until it is ready."""
    sections = (settings.bot, settings.api, settings.admin, settings.worker)
    ports = iter([free_port() for _ in sections])
    settings.bot.port, settings.api.port, settings.admin.port, settings.worker.metrics_port = ports
    async with running_sandbox() as sandbox:
        settings.telegram.api_url = sandbox.base_url
        async with running("-m", "vitte", "run", name, settings=settings) as process:
            await process.logged(f"{name}_ready")
            await _connect_backends(name, settings)
            yield process


async def _connect_backends(name: str, settings: Settings) -> None:
    """Make the process connect to PostgreSQL and Redis, if it does so only when it has to."""
    ready = {
        "bot": f"{settings.bot.port}/health/ready",
        "api": f"{settings.api.port}/health/ready",
        "admin": f"{settings.admin.port}/admin/health/ready",
    }
    if name in ready:
        async with aiohttp.ClientSession() as client:

            async def is_ready() -> bool:
                async with client.get(f"http://127.0.0.1:{ready[name]}") as answer:
                    return answer.status == 200

            await until_async(is_ready, timeout=PATIENCE, what=f"{name} is ready")


def take_webhooks(settings: Settings) -> None:
    """Make the api the door of Telegram's updates."""
    settings.telegram.mode = "webhook"
    settings.telegram.webhook_url = f"https://bot.example{_WEBHOOK}"
    settings.telegram.webhook_secret = SecretStr(_SECRET)


async def bring_update(client: aiohttp.ClientSession, update_id: int) -> int:
    """Bring an update to the api as Telegram does; return the status of its answer."""
    update = {"update_id": update_id, "message": {"chat": {"id": 5}}}
    headers = {"X-Telegram-Bot-Api-Secret-Token": _SECRET}
    async with client.post(_WEBHOOK, json=update, headers=headers) as answer:
        return answer.status


async def list_people(client: aiohttp.ClientSession) -> int:
    """Open the panel's list of people; return the status of its answer."""
    async with client.get("/admin/user/list", allow_redirects=False) as answer:
        return answer.status


@dataclass
class Request:
    """A request that waits for `lock`, until that rolls back. `status` ends with its answer."""

    process: RunningProcess
    status: asyncio.Task[int]
    lock: AsyncConnection


@asynccontextmanager
async def request_in_progress(name: str, settings: Settings, engine: AsyncEngine) -> AsyncIterator[Request]:
    """Run the api or the panel, with an update that is being stored or a page that is being made."""
    take_webhooks(settings)
    nursery = Nursery()
    async with started(name, settings) as process:
        port = settings.api.port if name == "api" else settings.admin.port
        jar = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}", cookie_jar=jar) as client:
            if name == "admin":
                await log_in(client)
            async with engine.connect() as lock:
                await lock_table(lock, "inbox_updates" if name == "api" else "users")
                request = bring_update(client, 7) if name == "api" else list_people(client)
                status = nursery.start(request, name="request")
                await until_waiting(engine, name)
                try:
                    yield Request(process, status, lock)
                finally:
                    await nursery.stop()


async def lock_table(connection: AsyncConnection, table: str) -> None:
    """Make everybody else wait for this table until the connection's transaction ends."""
    await connection.execute(text(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"))


async def until_waiting(engine: AsyncEngine, name: str) -> None:
    """Wait until a statement of the process waits for a lock."""

    async def is_waiting() -> bool:
        async with engine.connect() as connection:
            return bool(await connection.scalar(text(_WAITING), {"name": f"vitte-{name}"}))

    await until_async(is_waiting, timeout=PATIENCE, what=f"{name} waits for the lock")
