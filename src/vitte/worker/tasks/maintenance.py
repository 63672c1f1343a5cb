"""Looking after the house."""

from datetime import timedelta

import structlog
from dishka import FromDishka

from vitte.core.clock import Clock
from vitte.core.job_names import CLEAN_UP_OLD_MESSAGES, PURGE_FINISHED, TEST_TASK
from vitte.core.settings import Settings
from vitte.dialogs.service import DialogService
from vitte.inbox.service import InboxService
from vitte.jobs.sweeper import JobSweeper
from vitte.worker.jobs import tick

logger = structlog.get_logger(__name__)

_BATCH = 1000
_KEEP_DONE = timedelta(hours=48)
_KEEP_DEAD = timedelta(days=30)


@tick(CLEAN_UP_OLD_MESSAGES)
async def cleanup_old_messages(
    dialogs: FromDishka[DialogService], clock: FromDishka[Clock], settings: FromDishka[Settings]
) -> None:
    """Delete every message that is past its time; the next run finds whatever this one leaves."""
    cutoff = clock.now() - timedelta(days=settings.worker.message_retention_days)
    deleted = await dialogs.delete_messages_older_than(cutoff, batch=_BATCH)
    logger.info("old_messages_deleted", count=deleted, cutoff=cutoff.isoformat())


@tick(PURGE_FINISHED)
async def purge_finished(inbox: FromDishka[InboxService], jobs: FromDishka[JobSweeper]) -> None:
    """Forget updates and jobs that were done the day before yesterday, or given up a month ago."""
    updates = await inbox.purge(done_older_than=_KEEP_DONE, dead_older_than=_KEEP_DEAD)
    purged = await jobs.purge(done_older_than=_KEEP_DONE, dead_older_than=_KEEP_DEAD)
    logger.info("finished_work_purged", updates=updates, jobs=purged)


@tick(TEST_TASK)
async def test_task() -> None:
    """Show that the whole chain works: clock, Redis, worker."""
    logger.info("test_task_done")
