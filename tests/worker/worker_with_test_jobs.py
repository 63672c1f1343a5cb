"""`vitte run worker` with jobs that only tests need."""

import asyncio
import os
import signal
import time

import structlog
from dishka import FromDishka
from redis.asyncio import Redis
from sqlalchemy import text

from vitte.core.settings import load_settings
from vitte.db.transaction import Transaction
from vitte.main.worker import run
from vitte.worker.jobs import job

logger = structlog.get_logger(__name__)


@job("tests.nap")
async def nap(name: str, seconds: float, redis: FromDishka[Redis]) -> None:
    """Tell when it begins, sleep, tell when it ends."""
    await redis.rpush("begun", name)
    await asyncio.sleep(seconds)
    await redis.rpush("ended", name)


@job("tests.ask_backends")
async def ask_backends(
    number: int,
    transaction: FromDishka[Transaction],
    redis: FromDishka[Redis],
) -> None:
    """Use the process's connections."""
    async with transaction:
        backend = await transaction.session.scalar(text("SELECT pg_backend_pid()"))
    await redis.rpush("connections", f"{os.getpid()}:{backend}")


@job("tests.never_ends")
async def never_ends(redis: FromDishka[Redis]) -> None:
    """Go on until somebody stops it, and tell of every sign of life."""
    while True:
        await redis.incr("signs_of_life")
        await asyncio.sleep(0.01)


@job("tests.blocks")
async def blocks(seconds: float) -> None:
    """Block the loop, as a job never should: only the hard limit helps."""
    time.sleep(seconds)  # noqa: ASYNC251 - that is the point


@job("tests.fails")
async def fails() -> None:
    """Fail in a way that nobody foresaw."""
    raise ZeroDivisionError("on purpose")


@job("tests.dies_once")
async def dies_once(redis: FromDishka[Redis]) -> None:
    """Be killed the first time, as by the kernel when memory runs out."""
    if await redis.incr("lives") == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    await redis.rpush("ended", "dies_once")


if __name__ == "__main__":
    run(load_settings("worker"))
