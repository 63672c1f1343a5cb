"""One connection to Redis for groups of commands."""

import asyncio
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import RedisError, ResponseError

from tests.patience import PATIENCE
from vitte.clients.line import Commands, Line
from vitte.clients.redis import connect_redis
from vitte.core.nursery import Nursery
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


async def test_what_comes_up_at_the_same_moment_is_answered_to_whom_it_belongs(
    redis: Redis, round_trips: list[int]
) -> None:
    line = Line(redis)
    await redis.mset({str(number): number for number in range(9)})
    found = await asyncio.gather(*(line.run([("GET", str(number)), ("ECHO", "x")]) for number in range(9)))
    assert found == [[str(number).encode(), b"x"] for number in range(9)]
    assert round_trips == [18]
    assert not line.is_busy


async def test_what_comes_up_while_others_are_answered_is_next(redis: Redis, round_trips: list[int]) -> None:
    line, others = Line(redis), Nursery()
    first = others.start(line.run([("ECHO", "1")]), name="first")
    while not round_trips:  # noqa: ASYNC110 - nothing of it leaves this process
        await asyncio.sleep(0)
    assert await asyncio.gather(*(line.run([("ECHO", text)]) for text in "23")) == [[b"2"], [b"3"]]
    assert await first == [b"1"]
    assert round_trips == [1, 2]


@pytest.mark.parametrize("rounds", range(6))
async def test_whoever_gives_up_keeps_nobody_else_waiting(redis: Redis, rounds: int) -> None:
    line, others = Line(redis), Nursery()
    await line.run([("PING",)])
    asking = [others.start(line.run([("ECHO", str(number))]), name=str(number)) for number in range(3)]
    for _ in range(rounds):
        await asyncio.sleep(0)
    # Before anything was sent, while it was under way, or while it waited for its turn.
    for task in asking:
        late = others.start(line.run([("ECHO", "late")]), name="late")
        task.cancel()
        async with asyncio.timeout(PATIENCE):
            await asyncio.wait({task, late})
        assert late.exception() is None or isinstance(late.exception(), RedisError)
    async with asyncio.timeout(PATIENCE):
        assert await line.run([("ECHO", "last")]) == [b"last"]
    assert not line.is_busy


async def test_whoever_asks_with_one_that_gives_up_is_told_so(redis: Redis) -> None:
    line, others = Line(redis), Nursery()
    waits = others.start(line.run([("BLPOP", "never", "0")]), name="waits")
    with_it = others.start(line.run([("GET", "a")]), name="with it")
    await asyncio.sleep(0.05)
    waits.cancel()
    with pytest.raises(RedisError):
        await with_it
    assert await line.run([("ECHO", "next")]) == [b"next"]


async def test_whoever_gives_up_just_when_it_would_be_its_turn_leaves_it_to_the_next(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def exchange(_connection: AbstractConnection, commands: Commands) -> list[Any]:
        under_way.set()
        await go_on.wait()
        return [command[0] for command in commands]

    under_way, go_on = asyncio.Event(), asyncio.Event()
    monkeypatch.setattr("vitte.clients.line._exchange", exchange)
    line, others = Line(redis), Nursery()
    async with asyncio.timeout(PATIENCE):
        first = others.start(line.run([("first",)]), name="first")
        await under_way.wait()
        second, third = (others.start(line.run([(name,)]), name=name) for name in ("second", "third"))
        await asyncio.sleep(0)
        go_on.set()
        second.cancel()
        await asyncio.wait({first, second, third})
    assert (first.result(), third.result()) == (["first"], ["third"])
    assert second.cancelled()
    assert not line.is_busy
