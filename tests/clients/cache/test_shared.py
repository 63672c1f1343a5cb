"""The cache on a real Redis: what it remembers, and what it refuses to."""

import asyncio
from dataclasses import dataclass

import pytest
from redis.asyncio import Redis

from tests.clients.cache.conftest import Counts, MakeCache
from vitte.clients.cache.protocol import PROFILE, Cache
from vitte.core.settings import Settings

ENTRY = PROFILE.entry(1)


@dataclass(frozen=True)
class Shown:
    number: int


class Table:
    """A row, and how often it was read; reading takes until `gate` is open."""

    def __init__(self, number: int | None = 1) -> None:
        self.number = number
        self.reads = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.is_read = asyncio.Event()

    async def load(self) -> Shown | None:
        """Read the row."""
        self.reads += 1
        seen = self.number
        self.is_read.set()
        await self.gate.wait()
        return None if seen is None else Shown(seen)


async def read(cache: Cache, table: Table) -> int | None:
    found = await cache.read(PROFILE, Shown, 1, table.load)
    return None if found is None else found.number


async def test_what_one_process_loaded_another_need_not_load(make_cache: MakeCache, counts: Counts) -> None:
    table = Table()
    assert [await read(make_cache(), table) for _ in range(3)] == [1, 1, 1]
    assert table.reads == 1
    assert (counts["miss"], counts["hit"], counts["stored"]) == (1, 2, 1)


async def test_a_process_that_has_just_read_does_not_ask_redis_again(
    make_cache: MakeCache, redis: Redis, counts: Counts
) -> None:
    cache, table = make_cache(), Table()
    await read(cache, table)
    before = (await redis.info("commandstats")).get("cmdstat_set", {}).get("calls")
    assert [await read(cache, table) for _ in range(5)] == [1] * 5
    assert (await redis.info("commandstats")).get("cmdstat_set", {}).get("calls") == before
    assert counts["local"] == 5


async def test_of_many_readers_in_two_processes_one_loads(make_cache: MakeCache, counts: Counts) -> None:
    table, caches = Table(), [make_cache(), make_cache()]
    assert await asyncio.gather(*(read(caches[number % 2], table) for number in range(64))) == [1] * 64
    assert table.reads == counts["miss"] == 1


async def test_readers_do_not_wait_long_for_one_who_is_stuck(make_cache: MakeCache, counts: Counts) -> None:
    stuck, table = Table(), Table()
    stuck.gate.clear()
    slow = asyncio.gather(read(make_cache(), stuck))
    await stuck.is_read.wait()
    assert await read(make_cache(), table) == 1
    assert counts["waited"] == 1
    stuck.gate.set()
    await slow


async def test_a_slow_reader_cannot_put_an_old_value_back(
    make_cache: MakeCache, redis: Redis, counts: Counts
) -> None:
    table, slow, writer = Table(), make_cache(), make_cache()
    table.gate.clear()
    reading = asyncio.gather(read(slow, table))
    await table.is_read.wait()
    table.number = 2
    await writer.invalidate(PROFILE, 1)
    table.gate.set()
    assert (await reading)[0] == 1
    assert counts["refused"] == 1
    assert await redis.get(ENTRY) is None
    assert await read(make_cache(), table) == 2


async def test_nor_can_it_once_somebody_else_has_loaded_the_new_one(make_cache: MakeCache) -> None:
    table, slow, writer = Table(), make_cache(), make_cache()
    table.gate.clear()
    reading = asyncio.gather(read(slow, table))
    await table.is_read.wait()
    table.number = 2
    await writer.invalidate(PROFILE, 1)
    new = Table(2)
    assert await read(writer, new) == 2
    table.gate.set()
    await reading
    assert await read(make_cache(), new) == 2
    assert new.reads == 1


async def test_a_process_sees_its_own_change_at_once_even_past_a_read_under_way(
    make_cache: MakeCache,
) -> None:
    table, cache = Table(), make_cache()
    table.gate.clear()
    reading = asyncio.gather(read(cache, table))
    await table.is_read.wait()
    table.number = 2
    await cache.invalidate(PROFILE, 1)
    table.gate.set()
    assert await read(cache, table) == 2
    await reading
    assert await read(cache, table) == 2


async def test_what_does_not_exist_is_remembered_for_a_short_time(
    make_cache: MakeCache, redis: Redis, settings: Settings
) -> None:
    table = Table(None)
    assert [await read(make_cache(), table) for _ in range(3)] == [None] * 3
    assert table.reads == 1
    assert 0 < await redis.pttl(ENTRY) <= settings.cache.negative_ttl * 1000


async def test_entries_stored_together_do_not_end_together(
    make_cache: MakeCache, redis: Redis, settings: Settings
) -> None:
    cache, table = make_cache(), Table()
    await asyncio.gather(*(cache.read(PROFILE, Shown, number, table.load) for number in range(50)))
    ends = [await redis.pexpiretime(PROFILE.entry(number)) for number in range(50)]
    longest = settings.cache.profile_ttl * 1000
    assert max(ends) - min(ends) > longest * 0.02
    assert all([0 < await redis.pttl(PROFILE.entry(number)) <= longest for number in range(50)])


@pytest.mark.parametrize(
    "garbage", [b"", b"{", b"\x80\x04K\x01.", b'{"number":"1"}', b'{"another":1}', b"[1]"]
)
async def test_garbage_in_redis_is_no_answer_and_does_not_stay(
    make_cache: MakeCache, redis: Redis, counts: Counts, garbage: bytes
) -> None:
    await redis.set(ENTRY, garbage)
    table = Table()
    assert [await read(make_cache(), table) for _ in range(3)] == [1, 1, 1]
    assert counts["garbage"] == 1
    assert table.reads == 2


async def test_neither_is_a_key_of_another_type(make_cache: MakeCache, redis: Redis) -> None:
    await redis.lpush(ENTRY, "something")
    table = Table()
    assert [await read(make_cache(), table) for _ in range(3)] == [1, 1, 1]
    assert table.reads == 2


async def test_a_load_that_fails_fails_for_all_who_wait_and_blocks_nobody_after(
    make_cache: MakeCache, redis: Redis
) -> None:
    async def fail() -> Shown:
        await asyncio.sleep(0)
        raise OSError("PostgreSQL is away")

    cache = make_cache()
    readers = (cache.read(PROFILE, Shown, 1, fail) for _ in range(5))
    failures = await asyncio.gather(*readers, return_exceptions=True)
    assert [type(failure) for failure in failures] == [OSError] * 5
    assert await redis.get(ENTRY) is None
    assert await read(cache, Table()) == 1


async def test_who_is_cancelled_takes_nobody_along(make_cache: MakeCache) -> None:
    table, cache = Table(), make_cache()
    table.gate.clear()
    first = asyncio.gather(read(cache, table))
    await table.is_read.wait()
    others = [asyncio.gather(read(cache, table)) for _ in range(3)]
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    table.gate.set()
    assert [(await other)[0] for other in others] == [1] * 3


async def test_everything_that_the_cache_leaves_in_redis_ends_by_itself(
    make_cache: MakeCache, redis: Redis
) -> None:
    table, cache = Table(), make_cache()
    await read(cache, table)
    table.gate.clear()
    table.is_read.clear()
    reading = asyncio.gather(cache.read(PROFILE, Shown, 2, table.load))
    await table.is_read.wait()
    assert await redis.dbsize() == 2
    assert all([await redis.pttl(key) > 0 async for key in redis.scan_iter()])
    table.gate.set()
    await reading


async def test_a_burst_of_readers_shares_a_few_round_trips(
    make_cache: MakeCache, counts: Counts, round_trips: list[int]
) -> None:
    cache, table = make_cache(), Table()
    await asyncio.gather(*(cache.read(PROFILE, Shown, number, table.load) for number in range(150)))
    assert table.reads == counts["stored"] == 150
    # All look together, and all store together.
    assert round_trips == [150, 150]
