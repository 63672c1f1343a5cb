"""`vitte run worker` with jobs that only tests need."""

import asyncio
import os
import signal
import time

import structlog
from dishka import FromDishka
from redis.asyncio import Redis
from sqlalchemy import func, text, update
from sqlalchemy.dialects.postgresql import insert

from vitte.core.settings import load_settings
from vitte.db.models import User
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


@job("tests.waits")
async def waits(name: str, redis: FromDishka[Redis]) -> None:
    """Tell when it begins, wait until somebody puts something into the list `go`, tell when it ends."""
    await redis.rpush("begun", name)
    while not await redis.lpop("go"):  # noqa: ASYNC110 - a list tells nobody
        await asyncio.sleep(0.01)
    await redis.rpush("ended", name)


@job("tests.asks", waits=True)
async def asks(name: str, redis: FromDishka[Redis]) -> None:
    """Tell when it begins, wait until three have begun, or die if that is its name."""
    logger.info("asking", name=name)
    begun = await redis.rpush("begun", name)
    if name == "dies":
        os.kill(os.getpid(), signal.SIGKILL)
    while begun < 3:
        await asyncio.sleep(0.01)
        begun = await redis.llen("begun")
    await redis.rpush("ended", name)


@job("tests.greet")
async def greet(number: int, seconds: float, transaction: FromDishka[Transaction]) -> None:
    """Leave a person behind, and count in PostgreSQL how often that came to its end."""
    await asyncio.sleep(seconds)
    async with transaction:
        await transaction.session.execute(
            insert(User).values(telegram_id=number, first_name="greeted").on_conflict_do_nothing()
        )
        await transaction.session.execute(
            update(User)
            .where(User.telegram_id == number)
            .values(
                extra_data=func.jsonb_build_object(
                    "times", func.coalesce(User.extra_data["times"].as_integer(), 0) + 1
                )
            )
        )


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


@job("tests.dies")
async def dies(times: int, redis: FromDishka[Redis]) -> None:
    """Be killed the first few times, as by the kernel when memory runs out."""
    if await redis.incr("lives") <= times:
        os.kill(os.getpid(), signal.SIGKILL)
    await redis.rpush("ended", "dies")


if __name__ == "__main__":
    run(load_settings("worker"))
