"""Ends of the worker; every job has its effect all the same."""

from collections.abc import Sequence

from tests.chaos.board import Row
from tests.chaos.stage import Stage, StagedProcess, until_async
from tests.chaos.work import DIE
from tests.patience import PATIENCE
from vitte.db.models import JobState

_JOB_SECONDS = 0.2
_MAX_TRIES = 3


async def all_done(stage: Stage, ids: Sequence[int], *, within: float) -> None:
    """Wait until these jobs are done; who is late is left to the checker."""

    async def are_done() -> bool:
        return await stage.work.count(ids, JobState.DONE) == len(ids)

    try:
        await until_async(are_done, timeout=within, what="all jobs are done")
    except AssertionError:
        return


async def kill_the_worker(stage: Stage, row: Row, *, jobs: int, kills: int) -> StagedProcess:
    """SIGKILL the worker and its children with jobs in progress, again and again; return the next worker."""
    work, concurrency = stage.work, stage.settings.worker.concurrency
    ordered = await work.order(jobs, seconds=_JOB_SECONDS)
    in_progress = 0
    for _ in range(kills):
        worker = await stage.start_worker()
        enough = await work.begun() + 2 * concurrency

        async def have_begun(enough: int = enough) -> bool:
            return await work.begun() >= enough

        await until_async(have_begun, timeout=2 * PATIENCE, what="the worker does its jobs")
        worker.kill()
        await stage.forgotten("worker")
        in_progress += await work.in_progress()
    worker = await stage.start_worker()
    await all_done(stage, ordered, within=stage.patience + jobs * _JOB_SECONDS)
    row.notes.append(f"{in_progress} in progress at {kills} kills")
    row.require(in_progress > 0, "no job was in progress, so nothing was tried")
    row.require_nothing_wrong(await work.examine(ordered), repeats=in_progress)
    return worker


async def freeze_the_worker(stage: Stage, row: Row, *, jobs: int, worker: StagedProcess) -> StagedProcess:
    """SIGSTOP the worker at work, order more, SIGKILL it; return the next worker."""
    work = stage.work
    before = await work.begun()
    ordered = await work.order(jobs, seconds=_JOB_SECONDS)

    async def has_begun() -> bool:
        return await work.begun() > before

    await until_async(has_begun, timeout=2 * PATIENCE, what="the worker does its jobs")
    worker.freeze()
    ordered += await work.order(jobs, seconds=0)
    held = await work.in_progress()
    worker.kill()
    worker = await stage.start_worker()
    await all_done(stage, ordered, within=stage.patience + jobs * _JOB_SECONDS)
    row.notes.append(f"{held} held by the frozen worker")
    row.require_nothing_wrong(await work.examine(ordered), repeats=held)
    return worker


async def let_jobs_kill_the_worker(stage: Stage, row: Row, *, deadly: int, neighbours: int) -> None:
    """Order jobs that kill the process that does them, among others that do no harm."""
    work = stage.work
    ids = [await work.order_one(DIE, times=10**6) for _ in range(deadly)]
    ordered = await work.order(neighbours, seconds=_JOB_SECONDS)

    async def are_dead() -> bool:
        return await work.count(ids, JobState.DEAD) == deadly

    await until_async(are_dead, timeout=stage.patience * 2, what="the deadly jobs are given up")
    await all_done(stage, ordered, within=stage.patience + neighbours * _JOB_SECONDS)
    tries = await work.tries(ids)
    row.notes.append(f"{deadly} deadly jobs given up after {max(tries)} tries")
    row.require(max(tries) <= _MAX_TRIES, f"a deadly job was begun {max(tries)} times")
    # A process that dies takes no other job with it: each child of the pool does one at a time.
    row.require_nothing_wrong(await work.examine(ordered))
