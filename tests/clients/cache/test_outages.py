"""Redis is killed, frozen or refuses: nobody notices, and nothing that it forgot comes back."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from prometheus_client import REGISTRY
from redis.asyncio import Redis

from tests.clients.cache.conftest import Clock, Counts
from tests.clients.cache.test_shared import ENTRY, Shown, Table, read
from tests.patience import PATIENCE
from tests.servers import PASSWORD, make_redis
from vitte.clients.breaker import Breaker
from vitte.clients.cache.protocol import PROFILE
from vitte.clients.cache.shared import RedisCache
from vitte.clients.line import Line
from vitte.clients.redis import connect_redis
from vitte.core.settings.backends import RedisSettings
from vitte.core.settings.cache import CacheSettings
from vitte.embedded.redis import RedisServer

pytestmark = pytest.mark.servers


@pytest.fixture
def own_redis(tmp_path: Path, pytestconfig: pytest.Config) -> Iterator[RedisServer]:
    """A Redis of the test's own, to be broken."""
    with make_redis(tmp_path / "redis", oldest=pytestconfig.getoption("--oldest")) as server:
        yield server


@pytest.fixture
async def cache(own_redis: RedisServer, clock: Clock) -> AsyncIterator[RedisCache]:
    """A cache on that Redis, with no memory of its own."""
    redis = connect_redis(RedisSettings(port=own_redis.port, password=PASSWORD), timeout=30)
    cache = RedisCache(Line(redis), CacheSettings(local_ttl=0, timeout=30), clock=clock)
    yield cache
    await cache.close()
    await redis.aclose()


@contextmanager
def frozen(redis: RedisServer, cache: RedisCache) -> Iterator[None]:
    """Let Redis hang, and the cache wait for it no longer than a test likes to."""
    assert redis.child is not None
    redis.child.send(signal.SIGSTOP)
    patience, cache._channel._timeout = cache._channel._timeout, 0.2
    try:
        yield
    finally:
        cache._channel._timeout = patience
        redis.child.send(signal.SIGCONT)


def is_away() -> float | None:
    return REGISTRY.get_sample_value("vitte_cache_away")


async def test_while_redis_is_dead_postgresql_answers_and_redis_is_not_asked_at_every_read(
    cache: RedisCache, own_redis: RedisServer, clock: Clock, counts: Counts
) -> None:
    table = Table()
    assert await read(cache, table) == 1
    own_redis.kill()
    table.number = 2
    assert [await read(cache, table) for _ in range(10)] == [2] * 10
    assert (counts["failed"], counts["bypassed"]) == (3, 7)
    assert is_away() == 1
    own_redis.start()
    assert await read(cache, table) == 2
    assert counts["bypassed"] == 8
    clock.now += 5.1
    await cache.invalidate(PROFILE, 1)
    assert [await read(cache, table) for _ in range(2)] == [2, 2]
    assert (counts["miss"], counts["hit"]) == (2, 1)
    assert is_away() == 0


async def test_a_redis_that_hangs_costs_three_short_waits_and_then_one_every_five_seconds(
    cache: RedisCache, own_redis: RedisServer, clock: Clock, counts: Counts
) -> None:
    table = Table()
    await read(cache, table)
    with frozen(own_redis, cache):
        assert [await read(cache, table) for _ in range(20)] == [1] * 20
        assert (counts["failed"], counts["bypassed"]) == (3, 17)
        clock.now += 5.1
        await asyncio.gather(*(cache.read(PROFILE, Shown, n, _nothing) for n in range(20)))
        assert (counts["failed"], counts["bypassed"]) == (23, 17)
        await read(cache, table)
        assert counts["bypassed"] == 18
    clock.now += 5.1
    assert [await read(cache, table) for _ in range(2)] == [1, 1]
    assert counts["hit"] == 2
    assert is_away() == 0


async def test_what_changed_while_redis_was_away_is_not_old_when_it_is_back(
    cache: RedisCache, own_redis: RedisServer, counts: Counts
) -> None:
    table = Table()
    await read(cache, table)
    with frozen(own_redis, cache):
        table.number = 2
        await cache.invalidate(PROFILE, 1)
        assert counts["owed"] == 1
        assert await read(cache, table) == 2
    # From here on also for those who never noticed: the old entry is deleted by whoever owes it.
    async with asyncio.timeout(PATIENCE), Redis(port=own_redis.port, password=PASSWORD) as redis:
        while not counts["done"]:
            assert await read(cache, table) == 2
            await asyncio.sleep(0.02)
        assert await redis.get(ENTRY) is None
    assert await read(cache, table) == 2


async def test_a_process_that_ends_deletes_what_it_still_owes(
    cache: RedisCache, own_redis: RedisServer, counts: Counts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vitte.clients.cache.shared._LAST_PAYMENT", PATIENCE)
    table = Table()
    await read(cache, table)
    with frozen(own_redis, cache):
        await cache.invalidate(PROFILE, 1)
    await cache.close()
    async with Redis(port=own_redis.port, password=PASSWORD) as redis:
        assert await redis.get(ENTRY) is None


async def test_a_process_that_is_busy_does_not_take_redis_for_slow(cache: RedisCache, counts: Counts) -> None:
    await read(cache, Table())
    cache._channel._timeout = 1
    reading = asyncio.gather(read(cache, Table()))
    # It has begun to ask, and looks for the answer only when that is late.
    for _ in range(3):
        await asyncio.sleep(0)
    time.sleep(1.5)  # noqa: ASYNC251 - it is what a busy process does
    await reading
    assert (counts["hit"], counts["failed"]) == (1, 0)


async def test_a_redis_that_is_full_is_as_good_as_none(
    cache: RedisCache, own_redis: RedisServer, counts: Counts
) -> None:
    async with Redis(port=own_redis.port, password=PASSWORD) as redis:
        await redis.set("of-the-broker", "x" * 1000)
        await redis.config_set("maxmemory", 1)
        await redis.config_set("maxmemory-policy", "volatile-lru")
    table = Table()
    assert [await read(cache, table) for _ in range(5)] == [1] * 5
    assert (counts["failed"], counts["bypassed"]) == (3, 2)


def test_the_breaker_opens_after_failures_in_a_row_and_is_tried_again_by_the_first_who_comes(
    clock: Clock,
) -> None:
    breaker = Breaker(retry_after=5, clock=clock)
    assert [breaker.note_failure(), breaker.note_failure(), breaker.note_success()] == [False] * 3
    assert [breaker.note_failure() for _ in range(3)] == [False, False, True]
    assert breaker.is_open()
    clock.now += 5
    assert not breaker.is_open()
    assert not breaker.note_failure()
    assert breaker.is_open()
    clock.now += 5
    assert breaker.note_success()
    assert not breaker.is_away


async def _nothing() -> None:
    return None
