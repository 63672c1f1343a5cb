"""`vitte status`: how it is going, on one screen."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from redis.asyncio import Redis
from redis.exceptions import RedisError

from vitte import __version__
from vitte.backups.archives import Folder, made_at
from vitte.core.clock import utc_now
from vitte.core.settings import Settings
from vitte.inbox.service import InboxService
from vitte.jobs.sweeper import JobSweeper
from vitte.main.container import make_container
from vitte.users.schemas import PeopleCount
from vitte.users.service import UserService

_MIB = 1 << 20


def run(settings: Settings, write: Callable[[str], None]) -> None:
    """Write it. Raises SQLAlchemyError or OSError when PostgreSQL does not answer."""
    for line in asyncio.run(lines(settings)):
        write(line)


async def lines(settings: Settings) -> list[str]:
    """Return the lines."""
    container = make_container(settings, process="tools")
    try:
        async with container() as request:
            people = await (await request.get(UserService)).count()
            inbox = await request.get(InboxService)
            updates, dead_updates = await inbox.backlog(), await inbox.count_dead()
            sweeper = await request.get(JobSweeper)
            queues, dead_jobs = await sweeper.backlogs(), await sweeper.count_dead()
            redis = await _redis(await request.get(Redis))
    finally:
        await container.close()
    jobs = ", ".join(
        f"{queue}: {backlog.open} open, oldest waits {_time(backlog.oldest)}"
        for queue, backlog in sorted(queues.items())
    )
    return [
        f"Vitte     {__version__}",
        f"People    {_people(people)}",
        f"Inbox     {updates.open} open, oldest waits {_time(updates.oldest)}, {dead_updates} given up",
        f"Jobs      {jobs}, {dead_jobs} given up",
        f"Redis     {redis}",
        f"Backup    {_backup(settings, utc_now())}",
    ]


def _people(people: PeopleCount) -> str:
    counts = f"{people.reachable} reachable, {people.blocked} blocked the bot"
    return f"{counts}, {people.active_day} active in the last day"


async def _redis(redis: Redis) -> str:
    try:
        info = await redis.info()
    except (RedisError, OSError) as error:
        return f"does not answer ({type(error).__name__}); answers go on without it"
    return f"{info['used_memory'] / _MIB:.1f} MiB used, {info['evicted_keys']} entries evicted"


def _backup(settings: Settings, now: datetime) -> str:
    folder = Folder(Path(settings.backup.folder))
    newest = folder.newest()
    at = made_at(newest) if newest else None
    if newest is None or at is None:
        return f"none in {folder.path}"
    age = _time((now - at).total_seconds())
    return f"{newest}, {age} ago, {folder.manifest(newest).size / _MIB:.1f} MiB"


def _time(seconds: float) -> str:
    for unit, length in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"
