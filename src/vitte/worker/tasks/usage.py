"""Looking after what calls cost."""

import structlog
from dishka import FromDishka

from vitte.core.job_names import PURGE_USAGE, SWEEP_USAGE
from vitte.usage.sweeper import UsageSweeper
from vitte.worker.jobs import tick

logger = structlog.get_logger(__name__)


@tick(SWEEP_USAGE)
async def sweep_usage(sweeper: FromDishka[UsageSweeper]) -> None:
    """Close calls whose process was killed: they count as what was reserved for them."""
    await sweeper.expire()


@tick(PURGE_USAGE)
async def purge_usage(sweeper: FromDishka[UsageSweeper]) -> None:
    """Forget calls, and later their sums, that are past their time."""
    calls, days = await sweeper.purge()
    logger.info("old_usage_purged", calls=calls, days=days)
