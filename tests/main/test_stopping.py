"""Every process ends when told, whatever it is doing and whoever is away; told twice, it ends at once.

One that does not end by itself in time ends itself all the same, but its exit code is not 0.
"""

import asyncio
import signal

import aiohttp
import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.chaos.proxy import running_proxy
from tests.main.stopping import (
    AT_ONCE,
    Request,
    bring_update,
    lock_table,
    request_in_progress,
    started,
    until_waiting,
)
from tests.patience import PATIENCE
from vitte.core.settings import Settings
from vitte.db.models import InboxUpdate, UpdateState

pytestmark = pytest.mark.chaos

# The clock is not here: it has nothing in progress, and so ends at once at the first.
PATIENT = ("bot", "api", "admin", "worker")


@pytest.mark.parametrize("name", PATIENT)
async def test_a_second_signal_that_comes_with_the_first_ends_it_at_once(
    settings: Settings, name: str
) -> None:
    async with started(name, settings) as process:
        # Both are there when it wakes, so that the second comes while the first is being handled.
        for number in (signal.SIGSTOP, signal.SIGTERM, signal.SIGINT, signal.SIGCONT):
            process.process.send_signal(number)
        assert await process.ended() in AT_ONCE
        await process.logged("stopped_at_once")


@pytest.mark.parametrize("name", PATIENT)
@pytest.mark.parametrize("backend", ["database", "redis"])
async def test_it_ends_in_order_while_a_backend_is_silent(
    settings: Settings, name: str, backend: str
) -> None:
    server = settings.database if backend == "database" else settings.redis
    # As the product has it: longer than that nobody waits for what is silent.
    settings.redis.timeout = 2
    async with running_proxy(server.port) as proxy:
        server.port = proxy.port
        async with started(name, settings) as process:
            proxy.freeze()
            assert await process.stop() == 0
            await process.logged("stopping")


async def test_the_clock_ends_while_it_waits_for_a_redis_that_says_nothing(settings: Settings) -> None:
    called = asyncio.Event()

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        called.set()
        await reader.read()
        writer.close()

    async with await asyncio.start_server(say_nothing, "127.0.0.1", 0) as server:
        settings.redis.port = server.sockets[0].getsockname()[1]
        settings.redis.timeout = 10 * PATIENCE
        async with started("beat", settings) as beat:
            await called.wait()
            assert await beat.stop() == 0


async def test_the_clock_ends_while_it_tries_to_reach_redis(settings: Settings) -> None:
    settings.redis.port = 9
    async with started("beat", settings) as beat:
        while not any("Connection" in str(line.get("event")) for line in beat.lines):
            await beat.news()
        assert await beat.stop() == 0


@pytest.mark.parametrize("name", ["api", "admin"])
async def test_a_request_in_progress_is_answered_before_the_end(
    settings: Settings, engine: AsyncEngine, name: str
) -> None:
    async with request_in_progress(name, settings, engine) as request:
        request.process.process.send_signal(signal.SIGTERM)
        await request.process.logged("stopping")
        await request.lock.rollback()
        assert await request.status == 200
        assert await request.process.ended() == 0
    assert await stored(engine) == (1 if name == "api" else 0)


@pytest.mark.parametrize("name", ["api", "admin"])
async def test_a_request_that_takes_too_long_holds_nobody_up(
    settings: Settings, engine: AsyncEngine, name: str
) -> None:
    settings.api.stop_timeout = settings.admin.stop_timeout = 0.5
    async with running_proxy(settings.database.port) as proxy:
        settings.database.port = proxy.port
        async with request_in_progress(name, settings, engine) as request:
            proxy.freeze()
            assert await request.process.stop() == 0
            assert not await was_acknowledged(request)


@pytest.mark.parametrize("name", ["api", "admin"])
async def test_a_second_signal_does_not_wait_for_the_request(
    settings: Settings, engine: AsyncEngine, name: str
) -> None:
    async with request_in_progress(name, settings, engine) as request:
        request.process.process.send_signal(signal.SIGTERM)
        await request.process.logged("stopping")
        assert await request.process.stop() == 128 + signal.SIGTERM
        await request.process.logged("stopped_at_once", signal="SIGTERM")
        assert not await was_acknowledged(request)


async def test_an_update_that_was_not_acknowledged_comes_again_and_is_stored_once(
    settings: Settings, engine: AsyncEngine
) -> None:
    async with request_in_progress("api", settings, engine) as request:
        request.process.process.send_signal(signal.SIGTERM)
        await request.process.logged("stopping")
        await request.process.stop()
    async with (
        started("api", settings),
        aiohttp.ClientSession(f"http://127.0.0.1:{settings.api.port}") as telegram,
    ):
        assert await bring_update(telegram, 7) == 200
    assert await stored(engine) == 1


async def test_updates_that_the_bot_claims_while_it_is_told_to_stop_are_not_left_to_their_lease(
    settings: Settings, engine: AsyncEngine
) -> None:
    async with started("bot", settings) as bot, engine.connect() as lock:
        await lock_table(lock, "inbox_updates")
        await until_waiting(engine, "bot")
        row = {"bot_id": 42, "update_id": 7, "order_key": 5, "payload": "{}"}
        await lock.execute(insert(InboxUpdate).values(row))
        bot.process.send_signal(signal.SIGTERM)
        await bot.logged("stopping")
        # It says so before it does.
        await asyncio.sleep(0.3)
        await lock.commit()
        assert await bot.ended() == 0
    async with engine.connect() as connection:
        found = await connection.execute(
            select(InboxUpdate.state, InboxUpdate.leased_until, InboxUpdate.attempts)
        )
        # Given back; or handled, where it took the bot longer than that to stop.
        assert found.one() in [(UpdateState.OPEN, None, 0), (UpdateState.DONE, None, 1)]


async def was_acknowledged(request: Request) -> bool:
    """Tell whether the request got an answer that counts as one."""
    try:
        return await request.status < 300
    except aiohttp.ClientError:
        return False


async def stored(engine: AsyncEngine) -> int:
    """Return how many updates are in the inbox."""
    async with engine.connect() as connection:
        return await connection.scalar(select(func.count()).select_from(InboxUpdate)) or 0
