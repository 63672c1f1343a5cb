"""The clock's schedule."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from celery import Celery
from celery.beat import ScheduleEntry

from vitte.core.job_names import CLEAN_UP_OLD_MESSAGES, TEST_TASK
from vitte.worker.jobs import all_work, job, tick
from vitte.worker.schedule import create_schedule


def entries(now: datetime) -> dict[str, Any]:
    app = Celery("test", set_as_current=False)
    app.conf.timezone = "UTC"
    made = {}
    for entry in create_schedule(now, sweep_interval=10).values():
        entry["schedule"].app = app
        entry["schedule"].nowfun = lambda: now
        made[entry["task"]] = ScheduleEntry(name=entry["task"], app=app, **entry)
    return made


def test_every_tick_of_the_clock_exists() -> None:
    known = set(all_work().ticks)
    assert {
        entry["task"]
        for entry in create_schedule(datetime(2026, 1, 1, tzinfo=UTC), sweep_interval=10).values()
    } <= known


@pytest.mark.parametrize("hour", [0, 3, 4, 23])
def test_what_was_due_while_the_clock_was_down_is_sent_when_it_starts(hour: int) -> None:
    made = entries(datetime(2026, 5, 10, hour, tzinfo=UTC))
    assert made[CLEAN_UP_OLD_MESSAGES].is_due()[0]
    assert made[TEST_TASK].is_due()[0]


def test_the_clean_up_comes_next_at_half_past_three() -> None:
    now = datetime(2026, 5, 10, 12, tzinfo=UTC)
    entry = entries(now)[CLEAN_UP_OLD_MESSAGES]
    entry.last_run_at = now
    is_due, seconds = entry.is_due()
    assert not is_due
    assert now + timedelta(seconds=seconds) == datetime(2026, 5, 11, 3, 30, tzinfo=UTC)


def test_no_two_pieces_of_work_have_one_name() -> None:
    async def other() -> None: ...

    for name in all_work().names():
        for register in (job, tick):
            with pytest.raises(ValueError, match=name):
                register(name)(other)
