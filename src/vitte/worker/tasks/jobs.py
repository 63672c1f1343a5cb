"""Looking after jobs."""

import structlog
from dishka import FromDishka

from vitte.core.errors import UnavailableError
from vitte.core.job_names import SWEEP_JOBS
from vitte.jobs.sweeper import JobSweeper
from vitte.worker.jobs import tick
from vitte.worker.metrics import JOBS_DEAD

logger = structlog.get_logger(__name__)


@tick(SWEEP_JOBS)
async def sweep_jobs(sweeper: FromDishka[JobSweeper]) -> None:
    """Give up what was tried often enough, and send what nobody was told of."""
    for job in await sweeper.bury():
        JOBS_DEAD.labels(job.name).inc()
    try:
        await sweeper.send()
    except UnavailableError as error:
        logger.warning("jobs_not_sent", reason=str(error))
