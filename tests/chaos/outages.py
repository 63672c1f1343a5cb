"""Ends of the servers behind the product, while people go on talking."""

import asyncio
import math
import signal
from collections.abc import Sequence

import aiohttp
from redis.asyncio import Redis

from tests.chaos.board import Row
from tests.chaos.checker import Figures
from tests.chaos.crowd import Asked
from tests.chaos.jobs import all_done
from tests.chaos.stage import Stage, StagedProcess, until, until_async
from tests.patience import PATIENCE
from vitte.core.nursery import Nursery
from vitte.embedded.postgres import PostgresServer
from vitte.embedded.redis import RedisServer
from vitte.sandbox.model import Person

RESENT_WITHIN = 30.0
ANSWERED_WITHIN = 5.0
ANSWERED_SHARE = 0.99
RECOVERED_WITHIN = 5.0
_STUCK = """
    SELECT count(*) FROM pg_stat_activity
    WHERE state LIKE 'idle in transaction%' AND state_change < now() - interval '2 seconds'
"""
_FAILURES = (
    "update_failed",
    "update_put_back",
    "write_put_off",
    "update_dead",
    "claim_failed",
    "renew_failed",
    "release_failed",
    "poll_failed",
    "answer_failed",
    "error_told",
    "give_up_failed",
    "task_failed",
)


class Talk:
    """People who go on asking while something breaks."""

    def __init__(self, stage: Stage, people: list[Person], *, rate: float) -> None:
        self.asked: list[Asked] = []
        self._stage = stage
        self._people = people
        self._rate = rate
        self._is_over = asyncio.Event()
        self._nursery = Nursery()

    def begin(self) -> None:
        """Let them talk."""
        self._nursery.start(self._go_on(), name="talk")

    async def end(self) -> None:
        """Let them fall silent, and wait for what is still to be answered."""
        self._is_over.set()
        await self._nursery.wait(timeout=PATIENCE)
        await self._stage.settle(self.asked)

    async def figures(self) -> Figures:
        """Return the checker's figures."""
        return await self._stage.examine(self.asked)

    async def _go_on(self) -> None:
        while not self._is_over.is_set():
            self.asked += await self._stage.crowd.ask_in_turn(
                self._people, rate=self._rate, count=len(self._people)
            )


async def lose_redis(
    stage: Stage, rows: Sequence[Row], *, redis: RedisServer, people: list[Person], jobs: int, seconds: float
) -> None:
    """SIGKILL Redis with jobs in it, order more while it is away, start it again, and then empty it.

    The first of `rows` is that of the jobs, the second that of the chats.
    """
    talk = Talk(stage, people, rate=len(people) / 3)
    talk.begin()
    # More than the worker can do in this time.
    ordered = await stage.work.order(jobs, seconds=1)
    await stage.have_answers(len(people) // 2)
    await asyncio.to_thread(redis.kill)
    away = len(stage.witness.answered)
    ordered += await stage.work.order(jobs // 2, seconds=0)
    await asyncio.sleep(seconds)
    await stage.have_answers(away + len(people) // 2)
    await asyncio.to_thread(redis.start)
    async with Redis(port=redis.port, password=redis.password, socket_timeout=PATIENCE) as client:
        await client.flushall()
    emptied = await stage.work.now()
    begun = asyncio.get_running_loop().time()

    async def are_sent() -> bool:
        return await stage.work.unsent_since(emptied) == 0

    await until_async(are_sent, timeout=RESENT_WITHIN * 3, what="all jobs are sent again")
    resent = asyncio.get_running_loop().time() - begun
    await talk.end()
    await all_done(stage, ordered, within=stage.patience + jobs)
    of_jobs, of_chats = rows
    of_jobs.notes.append(f"all sent again after {resent:.1f} s")
    of_jobs.require_in_time(resent <= RESENT_WITHIN, f"sent again only after {resent:.1f} s")
    # Messages that came back with the append-only file are one too many, and dropped.
    of_jobs.require_nothing_wrong(await stage.work.examine(ordered))
    figures = await talk.figures()
    of_chats.require_nothing_wrong(figures)
    of_chats.require_in_time(figures.p95 <= ANSWERED_WITHIN, f"answers took {figures.p95:.1f} s")


async def freeze_redis(
    stage: Stage,
    row: Row,
    *,
    redis: RedisServer,
    people: list[Person],
    seconds: float,
    processes: list[StagedProcess],
) -> None:
    """SIGSTOP Redis: connections stay open, and nothing is answered any more."""
    assert redis.child is not None
    api = f"http://127.0.0.1:{stage.settings.api.port}"
    talk = Talk(stage, people, rate=len(people) / 3)
    redis.child.send(signal.SIGSTOP)
    try:
        talk.begin()
        await asyncio.sleep(seconds)
        async with aiohttp.ClientSession(api, timeout=aiohttp.ClientTimeout(total=PATIENCE)) as client:
            async with client.get("/health/ready") as answer:
                row.require(answer.status == 503, f"readiness was {answer.status} without Redis")
            async with client.get("/health") as answer:
                row.require(answer.status == 200, f"liveness was {answer.status} without Redis")
        await talk.end()
    finally:
        redis.child.send(signal.SIGCONT)

    async def is_ready() -> bool:
        async with aiohttp.ClientSession(api) as client, client.get("/health/ready") as answer:
            return answer.status == 200

    await until_async(is_ready, timeout=PATIENCE, what="readiness is green again")
    ended = [process.child.name for process in processes if not process.child.is_running]
    row.require(not ended, f"{', '.join(ended)} ended")
    figures = await talk.figures()
    row.require_nothing_wrong(figures)
    row.require_in_time(figures.p95 <= ANSWERED_WITHIN, f"answers took {figures.p95:.1f} s")


async def talk_without_redis(
    stage: Stage, row: Row, *, redis: RedisServer, people: list[Person], seconds: float, bot: StagedProcess
) -> None:
    """Stop Redis with everybody's profile in it, and let people talk on; then start it with what it had."""
    talk = Talk(stage, people, rate=len(people) / 3)
    talk.begin()
    await stage.have_answers(2 * len(people))
    await asyncio.to_thread(redis.kill)
    begun = asyncio.get_running_loop().time()
    await asyncio.sleep(seconds)
    await until(lambda: bool(bot.lines("cache_away")), timeout=PATIENCE, what="the bot misses its cache")
    await asyncio.to_thread(redis.start)
    away = asyncio.get_running_loop().time() - begun

    async def is_back() -> bool:
        return bool(bot.lines("cache_back"))

    await until_async(is_back, timeout=PATIENCE, what="the cache is used again")
    await talk.end()
    figures = await talk.figures()
    row.require_nothing_wrong(figures)
    first = {sent.number: sent.at for sent in reversed(stage.witness.sent)}
    in_time = sum(first.get(one.number, math.inf) - one.at <= ANSWERED_WITHIN for one in talk.asked)
    share = in_time / len(talk.asked)
    row.notes.append(f"away for {away:.0f} s, {share:.1%} answered within {ANSWERED_WITHIN:.0f} s")
    row.require_in_time(share >= ANSWERED_SHARE, f"only {share:.1%} answered in time")


async def restart_postgres(
    stage: Stage,
    row: Row,
    *,
    postgres: PostgresServer,
    people: list[Person],
    outages: int,
    seconds: float,
    bot: StagedProcess,
) -> None:
    """Stop PostgreSQL without any warning to its clients, and start it again `seconds` later."""
    talk = Talk(stage, people, rate=len(people) / 3)
    talk.begin()
    times = []
    for _ in range(outages):
        before = len(stage.witness.answered)
        await stage.have_answers(before + len(people))
        begun = (await stage.work.now()).timestamp()
        await asyncio.to_thread(postgres.stop_immediate)
        await asyncio.sleep(seconds)
        await asyncio.to_thread(postgres.start)
        times.append((begun, (await stage.work.now()).timestamp()))
        # Long enough that a failure too late would not fall into the next outage.
        await asyncio.sleep(RECOVERED_WITHIN + 1)
    await talk.end()
    failures = bot.lines(*_FAILURES)
    late = [
        line["event"]
        for line in failures
        if not any(begun <= line["at"] <= end + RECOVERED_WITHIN for begun, end in times)
    ]
    row.notes.append(f"{len(failures)} failures noted, down for {sum(e - b for b, e in times):.0f} s in all")
    row.require(bool(failures), "nothing failed, so nothing was tried")
    row.require_in_time(
        not late, f"failures later than {RECOVERED_WITHIN:.0f} s after: {', '.join(sorted(set(late)))}"
    )

    async def none_is_stuck() -> bool:
        return not await stage.count(_STUCK)

    # What is stuck stays so for a minute, until PostgreSQL ends it.
    await until_async(none_is_stuck, timeout=PATIENCE / 2, what="no connection is stuck in a transaction")
    row.require_nothing_wrong(await talk.figures())
