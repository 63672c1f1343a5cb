"""Looking after jobs."""

import structlog
from dishka import FromDishka

from vitte.core.errors import UnavailableError
from vitte.core.job_names import SWEEP_JOBS
from vitte.jobs.sweeper import JobSweeper
from vitte.worker.jobs import tick
from vitte.worker.metrics import JOBS_DEAD, JOBS_OLDEST_SECONDS, JOBS_OPEN

logger = structlog.get_logger(__name__)


@tick(SWEEP_JOBS)
async def sweep_jobs(sweeper: FromDishka[JobSweeper]) -> None:
    """Give up what was tried often enough, send what nobody was told of, and measure what is left."""
    for job in await sweeper.bury():
        JOBS_DEAD.labels(job.name).inc()
    try:
        await sweeper.send()
    except UnavailableError as error:
        logger.warning("jobs_not_sent", reason=str(error))
    backlog = await sweeper.backlog()
    JOBS_OPEN.set(backlog.open)
    JOBS_OLDEST_SECONDS.set(backlog.oldest)
