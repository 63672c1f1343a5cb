"""One connection to Redis for groups of commands."""

import asyncio

import pytest
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from tests.patience import PATIENCE
from vitte.clients.line import Line
from vitte.clients.redis import connect_redis
from vitte.core.settings import Settings


async def test_a_command_that_redis_refuses_spoils_no_other_of_its_group(redis: Redis) -> None:
    line = Line(redis)
    first, refused, last = await line.run([("SET", "a", "1"), ("INCR", "b", "c"), ("GET", "a")])
    assert (first, last) == (b"OK", b"1")
    assert isinstance(refused, ResponseError)


async def test_a_connection_that_redis_has_closed_meanwhile_costs_nobody_an_answer(redis: Redis) -> None:
    line = Line(redis)
    (number,) = await line.run([("CLIENT", "ID")])
    await redis.client_kill_filter(_id=str(number))
    assert await line.run([("SET", "a", "1"), ("GET", "a")]) == [b"OK", b"1"]
    assert await line.run([("CLIENT", "ID")]) != [number]


async def test_the_answer_that_nobody_waits_for_any_more_is_taken_for_no_other(redis: Redis) -> None:
    line = Line(redis)
    await redis.set("a", "1")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await line.run([("BLPOP", "never", "0")])
    assert await line.run([("GET", "a")]) == [b"1"]


async def test_a_line_ends_with_the_client_that_it_came_from(redis: Redis, settings: Settings) -> None:
    other = connect_redis(settings.redis, timeout=PATIENCE)
    (number,) = await Line(other).run([("CLIENT", "ID")])
    await other.aclose()
    async with asyncio.timeout(PATIENCE):
        while number in {int(one["id"]) for one in await redis.client_list()}:  # noqa: ASYNC110 - Redis tells nobody
            await asyncio.sleep(0.01)
