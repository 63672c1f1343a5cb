"""What waits is measured once, by the worker, for all processes."""

import asyncio

import aiohttp
from sqlalchemy import text

from tests.patience import PATIENCE
from tests.web.processes import RunningProcess
from tests.worker.conftest import SendTick
from vitte.core.job_names import MEASURE
from vitte.core.settings import Settings
from vitte.db.engine import SessionFactory
from vitte.db.models import InboxUpdate, Job, User


def sample(metrics: str, name: str) -> float:
    """Return the value of one line, or -1."""
    lines = [line for line in metrics.splitlines() if line.startswith(f"{name} ")]
    return float(lines[0].split()[1]) if lines else -1


async def measured(settings: Settings) -> str:
    """Return the metrics once something was measured."""
    address = f"http://127.0.0.1:{settings.worker.metrics_port}"
    async with aiohttp.ClientSession(address) as client, asyncio.timeout(PATIENCE):
        while True:
            async with client.get("/metrics") as answer:
                metrics = await answer.text()
            if sample(metrics, "vitte_measured_timestamp_seconds") > 0:
                return metrics
            await asyncio.sleep(0.05)


async def test_what_waits_is_told_with_its_age_and_what_is_in_good_hands_is_not_old(
    worker: RunningProcess, send_tick: SendTick, session_factory: SessionFactory, worker_settings: Settings
) -> None:
    async with session_factory() as session:
        session.add_all(
            InboxUpdate(bot_id=42, update_id=number, order_key=chat, payload="{}")
            for number, chat in enumerate((1, 1, 2, 3))
        )
        session.add(Job(name="tests.any", args={}, queue="default"))
        session.add_all([User(telegram_id=1001, first_name="Анна"), User(telegram_id=1002, first_name="Ben")])
        await session.commit()
        for change in (
            # Chat 1 is being answered, and its second message waits for that; chat 2 has waited two minutes.
            "UPDATE inbox_updates SET received_at = now() - interval '1 hour' WHERE order_key = 1",
            "UPDATE inbox_updates SET leased_until = now() + interval '1 minute' WHERE update_id = 0",
            "UPDATE inbox_updates SET received_at = now() - interval '2 minutes' WHERE order_key = 2",
            "UPDATE inbox_updates SET state = 'done', finished_at = now() WHERE order_key = 3",
            "UPDATE jobs SET run_at = now() - interval '5 minutes'",
            "UPDATE users SET last_seen_at = now() - interval '1 hour' WHERE telegram_id = 1001",
            "UPDATE users SET last_seen_at = now() - interval '2 days' WHERE telegram_id = 1002",
            "UPDATE users SET blocked_bot_at = now() WHERE telegram_id = 1002",
        ):
            await session.execute(text(change))
        await session.commit()
    send_tick(MEASURE)
    metrics = await measured(worker_settings)
    assert sample(metrics, "vitte_inbox_open") == 3
    assert 120 <= sample(metrics, "vitte_inbox_oldest_seconds") < 200
    assert sample(metrics, 'vitte_jobs_open{queue="default"}') == 1
    assert 300 <= sample(metrics, 'vitte_jobs_oldest_seconds{queue="default"}') < 400
    assert sample(metrics, 'vitte_people{state="reachable"}') == 1
    assert sample(metrics, 'vitte_people{state="blocked"}') == 1
    assert sample(metrics, 'vitte_people_active{within="day"}') == 1
    assert sample(metrics, 'vitte_people_active{within="week"}') == 2
    assert sample(metrics, "vitte_redis_evicted_keys") == 0
    # The worker's processes are measured together, and a job that was never given up is a zero, not a gap.
    assert sample(metrics, "process_resident_memory_bytes") > 40 << 20
    assert sample(metrics, "process_cpu_seconds_total") > 0
    assert sample(metrics, 'vitte_jobs_dead_total{name="dialogs.title_dialog"}') == 0
