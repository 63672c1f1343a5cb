"""Redis and PostgreSQL go away under load; people are answered all the same, and nothing is lost."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests import servers as test_servers
from tests.chaos.board import Board
from tests.chaos.conftest import Scale
from tests.chaos.outages import freeze_redis, lose_redis, restart_postgres, talk_without_redis
from tests.chaos.stage import staged
from tests.servers import Servers
from vitte.core.settings import Settings
from vitte.db import migrate
from vitte.embedded.ports import free_port
from vitte.embedded.postgres import PostgresServer
from vitte.embedded.redis import RedisServer

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(900)]


@pytest.fixture
async def own_redis(settings: Settings, tmp_path: Path) -> AsyncIterator[RedisServer]:
    """A Redis that may be killed: `settings` point at it."""
    server = test_servers.make_redis(tmp_path / "redis")
    with server:
        settings.redis.port, settings.redis.database = server.port, 0
        yield server


@pytest.fixture
async def own_postgres(settings: Settings, tmp_path: Path) -> AsyncIterator[PostgresServer]:
    """A PostgreSQL that may be stopped: `settings` point at it."""
    server = test_servers.make_postgres(tmp_path / "postgres")
    with server:
        own = Servers(postgres_port=server.port, redis_port=settings.redis.port)
        settings.database = own.database("vitte")
        await migrate.upgrade(settings.database)
        yield server


async def test_people_are_answered_and_jobs_done_whatever_becomes_of_redis(
    settings: Settings, own_redis: RedisServer, tmp_path: Path, board: Board, scale: Scale
) -> None:
    settings.api.port = free_port()
    if not scale.full:
        settings.worker.sweep_interval, settings.worker.resend_after = 1, 3
    async with staged(settings, tmp_path) as stage:
        processes = [await stage.start_bot(), await stage.start_worker(), await stage.start_api()]
        processes.append(await stage.start_beat())
        people = stage.crowd.join(scale.pick(10, 60))
        with (
            board.row("kill -9 Redis, restart, FLUSHALL: jobs") as of_jobs,
            board.row("kill -9 Redis, restart, FLUSHALL: chats") as of_chats,
        ):
            await lose_redis(
                stage,
                (of_jobs, of_chats),
                redis=own_redis,
                people=people,
                jobs=scale.pick(20, 120),
                seconds=scale.pick(1, 10),
            )
        with board.row("SIGSTOP Redis") as row:
            await freeze_redis(
                stage, row, redis=own_redis, people=people, seconds=scale.pick(4, 20), processes=processes
            )


async def test_people_are_answered_by_postgresql_while_the_cache_is_away(
    settings: Settings, own_redis: RedisServer, tmp_path: Path, board: Board, scale: Scale
) -> None:
    async with staged(settings, tmp_path) as stage:
        bot = await stage.start_bot()
        with board.row("Redis stopped, 20 chats a second" if scale.full else "Redis stopped") as row:
            await talk_without_redis(
                stage,
                row,
                redis=own_redis,
                people=stage.crowd.join(scale.pick(9, 60)),
                seconds=scale.pick(3, 60),
                bot=bot,
            )


async def test_people_are_answered_after_postgresql_was_away_and_nothing_is_lost(
    settings: Settings, own_postgres: PostgresServer, tmp_path: Path, board: Board, scale: Scale
) -> None:
    async with staged(settings, tmp_path) as stage:
        bot = await stage.start_bot()
        with board.row("PostgreSQL stops at once, and starts again") as row:
            await restart_postgres(
                stage,
                row,
                postgres=own_postgres,
                people=stage.crowd.join(scale.pick(12, 60)),
                outages=scale.pick(1, 3),
                seconds=scale.pick(1, 5),
                bot=bot,
            )
