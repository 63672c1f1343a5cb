"""Jobs in the hands of workers: one at a time, three tries."""

import asyncio
from datetime import timedelta

from sqlalchemy import func, update

from tests.jobs.conftest import ChangeJobs, Enqueue, ReadJob
from vitte.core.clock import utc_now
from vitte.core.job_names import LATER_QUEUE
from vitte.db.models import Job, JobState
from vitte.db.transaction import Transaction
from vitte.jobs.leases import MAX_ATTEMPTS, JobLeases


async def test_of_many_messages_for_one_job_one_begins_it(enqueue: Enqueue, leases: JobLeases) -> None:
    job_id = await enqueue(number=1)
    claims = await asyncio.gather(*(leases.claim(job_id) for _ in range(5)))
    (job,) = [claim for claim in claims if claim is not None]
    assert (job.id, job.args, job.attempt) == (job_id, {"number": 1}, 1)
    await leases.finish(job)
    assert await leases.claim(job_id) is None


async def test_a_message_for_a_job_that_is_gone_is_dropped(leases: JobLeases) -> None:
    assert await leases.claim(12345) is None


async def test_jobs_that_are_done_together_are_due_and_new_and_each_is_one_workers(
    enqueue: Enqueue, leases: JobLeases, transaction: Transaction
) -> None:
    first = [await enqueue("tests.asks", number=number) for number in range(5)]
    other = await enqueue("tests.any")
    later = await enqueue("tests.asks", queue=LATER_QUEUE)
    await enqueue("tests.asks", run_at=utc_now() + timedelta(hours=1))
    # Begun before: it may be what its worker died of.
    tried = await enqueue("tests.asks")
    assert await leases.claim(tried) is not None
    async with transaction:
        await transaction.session.execute(
            update(Job).where(Job.id == tried).values(leased_until=func.now() - timedelta(seconds=1))
        )
    together = await asyncio.gather(*(leases.claim_more(other, {"tests.asks"}, limit=3) for _ in range(3)))
    assert max(len(some) for some in together) <= 3
    jobs = [job for some in together for job in some]
    assert sorted(job.id for job in jobs) == first
    assert {job.attempt for job in jobs} == {1}
    assert all([await leases.renew(job) for job in jobs])
    (any_job,) = await leases.claim_more(first[0], {"tests.any"}, limit=3)
    (late_job,) = await leases.claim_more(later, {"tests.any", "tests.asks"}, limit=3)
    assert (any_job.id, late_job.id) == (other, later)
    assert await leases.claim_more(12345, {"tests.asks"}, limit=3) == []


async def test_a_job_whose_worker_died_is_begun_by_another_after_the_lease(
    enqueue: Enqueue, leases: JobLeases, change_jobs: ChangeJobs, read_job: ReadJob
) -> None:
    job_id = await enqueue()
    first = await leases.claim(job_id)
    assert first is not None
    assert await leases.renew(first)
    assert await leases.claim(job_id) is None
    await change_jobs("leased_until = now() - interval '1 second'")
    second = await leases.claim(job_id)
    assert second is not None
    assert second.attempt == 2
    assert not await leases.renew(first)
    # What the first one reports of its failure is of no interest any more.
    assert not await leases.fail(first, error="too late")
    assert (await read_job(job_id)).error is None
    assert await leases.renew(second)
    # But work that is done is done.
    await leases.finish(first)
    assert not await leases.renew(second)
    assert not await leases.fail(second, error="in vain")
    assert (await read_job(job_id)).state == JobState.DONE


async def test_a_job_that_fails_is_put_off_longer_each_time_and_given_up_with_its_reason(
    enqueue: Enqueue, leases: JobLeases, change_jobs: ChangeJobs, read_job: ReadJob
) -> None:
    job_id = await enqueue()
    pauses = []
    for attempt in range(1, MAX_ATTEMPTS):
        job = await leases.claim(job_id)
        assert job is not None
        assert job.attempt == attempt
        assert not await leases.fail(job, error=f"reason {attempt}")
        row = await read_job(job_id)
        assert (row.state, row.error, row.finished_at) == (JobState.OPEN, f"reason {attempt}", None)
        assert await leases.claim(job_id) is None, "it is not due yet"
        pauses.append(row.run_at - row.created_at)
        await change_jobs("run_at = now()")
    assert pauses[1] > 3 * pauses[0]
    job = await leases.claim(job_id)
    assert job is not None
    assert await leases.fail(job, error="x" * 100_000)
    row = await read_job(job_id)
    assert row.state == JobState.DEAD
    assert row.finished_at is not None
    assert row.error is not None
    assert row.error.startswith("xxx")
    assert len(row.error) < 10_000
    assert await leases.claim(job_id) is None
