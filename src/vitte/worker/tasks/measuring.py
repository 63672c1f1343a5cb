"""Measuring what waits, once for all processes."""

from contextlib import suppress

from dishka import FromDishka
from redis.asyncio import Redis
from redis.exceptions import RedisError

from vitte.core.clock import Clock
from vitte.core.job_names import MEASURE
from vitte.inbox.service import InboxService
from vitte.jobs.sweeper import JobSweeper
from vitte.usage.costs import MICRO
from vitte.usage.sweeper import UsageSweeper
from vitte.users.service import UserService
from vitte.worker.jobs import tick
from vitte.worker.metrics import (
    INBOX_OLDEST_SECONDS,
    INBOX_OPEN,
    JOBS_OLDEST_SECONDS,
    JOBS_OPEN,
    MEASURED_AT,
    PEOPLE,
    PEOPLE_ACTIVE,
    REDIS_EVICTED,
    USAGE_COST_TODAY,
    USAGE_OPEN,
)


@tick(MEASURE)
async def measure(
    inbox: FromDishka[InboxService],
    jobs: FromDishka[JobSweeper],
    users: FromDishka[UserService],
    usage: FromDishka[UsageSweeper],
    redis: FromDishka[Redis],
    clock: FromDishka[Clock],
) -> None:
    """Look into the tables, and note when: numbers that are old must not pass for good ones."""
    updates = await inbox.backlog()
    INBOX_OPEN.set(updates.open)
    INBOX_OLDEST_SECONDS.set(updates.oldest)
    for queue, backlog in (await jobs.backlogs()).items():
        JOBS_OPEN.labels(queue).set(backlog.open)
        JOBS_OLDEST_SECONDS.labels(queue).set(backlog.oldest)
    people = await users.count()
    PEOPLE.labels("reachable").set(people.reachable)
    PEOPLE.labels("blocked").set(people.blocked)
    PEOPLE_ACTIVE.labels("day").set(people.active_day)
    PEOPLE_ACTIVE.labels("week").set(people.active_week)
    spending = await usage.spending()
    USAGE_OPEN.set(spending.open)
    USAGE_COST_TODAY.set(spending.cost_today / MICRO)
    # It may go away between the tick that it brought and this; the tables are measured all the same.
    with suppress(RedisError, OSError):
        REDIS_EVICTED.set((await redis.info("stats"))["evicted_keys"])
    MEASURED_AT.set(clock.now().timestamp())
