"""Measuring what waits, once for all processes."""

from dishka import FromDishka

from vitte.core.clock import Clock
from vitte.core.job_names import MEASURE
from vitte.inbox.service import InboxService
from vitte.jobs.sweeper import JobSweeper
from vitte.users.service import UserService
from vitte.worker.jobs import tick
from vitte.worker.metrics import (
    INBOX_OLDEST_SECONDS,
    INBOX_OPEN,
    JOBS_OLDEST_SECONDS,
    JOBS_OPEN,
    MEASURED_AT,
    PEOPLE,
)


@tick(MEASURE)
async def measure(
    inbox: FromDishka[InboxService],
    jobs: FromDishka[JobSweeper],
    users: FromDishka[UserService],
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
    MEASURED_AT.set(clock.now().timestamp())
