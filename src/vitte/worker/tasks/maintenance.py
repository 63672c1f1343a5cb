"""Looking after the house."""

from datetime import timedelta

import structlog
from dishka import FromDishka

from vitte.core.clock import Clock
from vitte.core.job_names import CLEAN_UP_OLD_MESSAGES, TEST_TASK
from vitte.core.settings import Settings
from vitte.dialogs.service import DialogService
from vitte.worker.jobs import job

logger = structlog.get_logger(__name__)

_BATCH = 1000


@job(CLEAN_UP_OLD_MESSAGES)
async def cleanup_old_messages(
    dialogs: FromDishka[DialogService], clock: FromDishka[Clock], settings: FromDishka[Settings]
) -> None:
    """Delete every message that is past its time; the next run finds whatever this one leaves."""
    cutoff = clock.now() - timedelta(days=settings.worker.message_retention_days)
    deleted = await dialogs.delete_messages_older_than(cutoff, batch=_BATCH)
    logger.info("old_messages_deleted", count=deleted, cutoff=cutoff.isoformat())


@job(TEST_TASK)
async def test_task() -> None:
    """Show that the whole chain works: clock, Redis, worker."""
    logger.info("test_task_done")
