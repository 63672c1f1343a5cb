"""Jobs in the hands of one process."""

from typing import Any

import pytest

from vitte.core.settings import Settings
from vitte.core.settings.processes import WorkerSettings
from vitte.jobs.schemas import ClaimedJob
from vitte.main.worker import jobs_together
from vitte.worker.runner import JobRunner


class Leases:
    """Has one job, and is away when asked for more."""

    def __init__(self) -> None:
        self.finished: list[int] = []

    async def claim(self, job_id: int) -> ClaimedJob:
        return ClaimedJob(id=job_id, name="tests.any", args={}, attempt=1, correlation_id=None)

    async def claim_more(self, *_: Any, **__: Any) -> list[ClaimedJob]:
        raise ConnectionResetError

    async def finish(self, job: ClaimedJob) -> None:
        self.finished.append(job.id)


async def test_a_job_that_is_begun_is_done_although_no_others_could_be_begun_with_it() -> None:
    async def nothing() -> None: ...

    leases: Any = Leases()
    await JobRunner({"tests.any": nothing}, leases, WorkerSettings(), waiting={"tests.any"}).run(7)
    assert leases.finished == [7]


@pytest.mark.parametrize(
    ("concurrency", "providers", "together"),
    [(0, {}, 8), (3, {}, 3), (100, {}, 8), (0, {"cellar": 2, "cloud": 0}, 2)],
)
def test_no_more_jobs_wait_for_a_model_than_it_has_places_for(
    settings: Settings, concurrency: int, providers: dict[str, int], together: int
) -> None:
    llm: dict[str, Any] = {
        "concurrency": concurrency,
        "providers": {
            name: {"base_url": "http://127.0.0.1:9/v1", "concurrency": most}
            for name, most in providers.items()
        },
    }
    settings.llm = type(settings.llm).model_validate(settings.llm.model_dump() | llm)
    assert jobs_together(settings) == together
