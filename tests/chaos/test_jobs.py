"""The worker is killed and frozen, and jobs kill it; every job is done all the same, or given up in view."""

from pathlib import Path

import pytest

from tests.chaos.board import Board
from tests.chaos.conftest import Scale
from tests.chaos.jobs import freeze_the_worker, kill_the_worker, let_jobs_kill_the_worker
from tests.chaos.stage import staged
from vitte.core.settings import Settings

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(900)]


async def test_killed_frozen_or_deadly_work_loses_no_job_and_harms_no_other(
    settings: Settings, tmp_path: Path, board: Board, scale: Scale
) -> None:
    # Celery may need five seconds to notice that a process is gone, so there are some more.
    settings.worker.concurrency = 5
    settings.worker.job_lease, settings.worker.retry_delay = 4, 0.1
    settings.worker.sweep_interval, settings.worker.resend_after = 1, 3
    async with staged(settings, tmp_path) as stage:
        await stage.start_beat()
        with board.row("kill -9 the worker") as row:
            worker = await kill_the_worker(stage, row, jobs=scale.pick(40, 300), kills=scale.pick(1, 10))
        with board.row("SIGSTOP the worker, order, SIGKILL") as row:
            await freeze_the_worker(stage, row, jobs=scale.pick(20, 100), worker=worker)
        with board.row("jobs that kill their process") as row:
            await let_jobs_kill_the_worker(
                stage, row, deadly=scale.pick(1, 5), neighbours=scale.pick(20, 200)
            )
