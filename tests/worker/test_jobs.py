"""Jobs, from whoever sends them to their end."""

from datetime import timedelta

import aiohttp
from redis.asyncio import Redis
from sqlalchemy import select

from tests.web.processes import RunningProcess, running
from tests.worker.conftest import WORKER
from vitte.clients.jobs import JobQueue
from vitte.core.clock import utc_now
from vitte.core.ids import bind_correlation_id
from vitte.core.job_names import CLEAN_UP_OLD_MESSAGES, TEST_TASK, TITLE_DIALOG
from vitte.core.settings import Settings
from vitte.db.engine import SessionFactory
from vitte.db.models import Dialog, Message, User


async def test_a_job_is_done_under_its_senders_correlation_id(
    worker: RunningProcess, jobs: JobQueue, worker_settings: Settings
) -> None:
    bind_correlation_id("of-the-sender")
    await jobs.send(TEST_TASK)
    line = await worker.logged(
        "job_finished", job=TEST_TASK, correlation_id="of-the-sender", process="worker"
    )
    assert line["seconds"] >= 0
    assert await worker.logged("test_task_done", job_id=line["job_id"], correlation_id="of-the-sender")

    bind_correlation_id("of-another")
    await jobs.send("tests.fails")
    failed = await worker.logged(
        "job_failed", job="tests.fails", correlation_id="of-another", outcome="failed"
    )
    assert "on purpose" in failed["exception"]
    await jobs.send(TEST_TASK)
    await worker.logged("job_finished", job=TEST_TASK, correlation_id="of-another")

    address = f"http://127.0.0.1:{worker_settings.worker.metrics_port}"
    async with aiohttp.ClientSession(address) as client:
        async with client.get("/metrics") as answer:
            counted = await answer.text()
        assert f'vitte_jobs_total{{job="{TEST_TASK}",outcome="finished"}} 2.0' in counted
        assert 'vitte_jobs_total{job="tests.fails",outcome="failed"} 1.0' in counted
        assert f'vitte_job_seconds_count{{job="{TEST_TASK}"}} 2.0' in counted
        async with client.get("/health") as answer:
            assert (answer.status, await answer.json()) == (200, {"status": "ok"})
        async with client.get("/nothing") as answer:
            assert answer.status == 404


async def test_all_jobs_of_a_process_share_its_connections(
    worker: RunningProcess, jobs: JobQueue, redis: Redis
) -> None:
    for number in range(25):
        await jobs.send("tests.ask_backends", number=number)
    await worker.logged("job_finished", job="tests.ask_backends", count=25)
    assert not [line for line in worker.lines if line.get("event") == "job_failed"]
    used = await redis.lrange("connections", 0, -1)
    assert len(used) == 25
    assert len({str(connection).partition(":")[2] for connection in used}) == 1


async def test_a_job_that_takes_too_long_ends_and_leaves_the_next_one_alone(
    worker: RunningProcess, jobs: JobQueue, redis: Redis
) -> None:
    await jobs.send("tests.never_ends")
    await worker.logged("job_failed", job="tests.never_ends", outcome="timed_out")
    signs_of_life = await redis.get("signs_of_life")
    await jobs.send("tests.nap", "after", 0.3)
    await worker.logged("job_finished", job="tests.nap")
    assert await redis.get("signs_of_life") == signs_of_life
    assert await redis.lrange("ended", 0, -1) == [b"after"]


async def test_a_job_that_blocks_its_process_is_ended_with_it(
    worker_settings: Settings, jobs: JobQueue, redis: Redis
) -> None:
    worker_settings.worker.job_timeout, worker_settings.worker.time_limit = 1, 10
    async with running(WORKER, settings=worker_settings) as worker:
        await jobs.send("tests.blocks", 60)
        await jobs.send("tests.nap", "after the block", 0)
        await worker.logged("job_finished", job="tests.nap")
    assert await redis.lrange("ended", 0, -1) == [b"after the block"]


async def test_a_job_whose_process_is_killed_is_done_again(
    worker: RunningProcess, jobs: JobQueue, redis: Redis
) -> None:
    # Celery may need five seconds to notice: it looks once too early, and then by a timer.
    await jobs.send("tests.dies_once")
    await worker.logged("job_finished", job="tests.dies_once")
    assert await redis.get("lives") == b"2"
    assert await redis.lrange("ended", 0, -1) == [b"dies_once"]


async def test_old_messages_are_cleaned_up_and_new_ones_kept(
    worker: RunningProcess, jobs: JobQueue, session_factory: SessionFactory, worker_settings: Settings
) -> None:
    old = utc_now() - timedelta(days=worker_settings.worker.message_retention_days, minutes=1)
    async with session_factory() as session:
        person = User(telegram_id=1001, first_name="Анна")
        session.add(person)
        await session.flush()
        dialog = Dialog(user_id=person.id, title="О погоде")
        session.add(dialog)
        await session.flush()
        for created_at in (old, old, old + timedelta(hours=1), utc_now()):
            session.add(Message(dialog_id=dialog.id, role="assistant", text="…", created_at=created_at))
        await session.commit()
    await jobs.send(CLEAN_UP_OLD_MESSAGES)
    deleted = await worker.logged("old_messages_deleted")
    assert deleted["count"] == 2
    await worker.logged("job_finished", job=CLEAN_UP_OLD_MESSAGES)
    async with session_factory() as session:
        left = (await session.scalars(select(Message.created_at))).all()
    assert len(left) == 2
    assert min(left) > old
    await jobs.send(TITLE_DIALOG, dialog_id=dialog.id)
    await worker.logged("job_finished", job=TITLE_DIALOG)
