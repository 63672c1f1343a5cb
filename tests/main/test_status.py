"""`vitte status`: one screen."""

import os
import subprocess
import sys
from pathlib import Path

from sqlalchemy import text

from tests.main.test_doctor import add_backup
from tests.web.processes import environment
from vitte import __version__
from vitte.core.settings import Settings
from vitte.db.engine import SessionFactory
from vitte.db.models import InboxUpdate, Job, User


def status(settings: Settings) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "vitte", "status"],
        env=environment(settings) | {"PATH": os.defpath},
        capture_output=True,
        text=True,
        check=False,
    )


async def test_it_shows_what_waits_who_is_there_and_the_last_backup(
    settings: Settings, session_factory: SessionFactory, tmp_path: Path
) -> None:
    async with session_factory() as session:
        session.add_all(InboxUpdate(bot_id=42, update_id=number, order_key=number) for number in range(3))
        session.add_all(Job(name="tests.any", args={}, queue="default") for _ in range(2))
        session.add_all(User(telegram_id=number, first_name="A") for number in (1, 2, 3))
        await session.commit()
        for change in (
            "UPDATE inbox_updates SET state = 'dead', finished_at = now() WHERE update_id = 0",
            "UPDATE inbox_updates SET received_at = now() - interval '5 minutes' WHERE update_id = 1",
            "UPDATE jobs SET state = 'dead', finished_at = now() WHERE id = (SELECT min(id) FROM jobs)",
            "UPDATE users SET blocked_bot_at = now() WHERE telegram_id = 3",
            "UPDATE users SET last_seen_at = now() - interval '23 hours' WHERE telegram_id = 2",
            "UPDATE users SET last_seen_at = now() - interval '25 hours' WHERE telegram_id = 3",
        ):
            await session.execute(text(change))
        await session.commit()
    settings.backup.folder = str(tmp_path)
    name = add_backup(tmp_path, hours=5)
    shown = status(settings)
    assert shown.returncode == 0, shown.stderr
    version, people, inbox, jobs, redis, backup = shown.stdout.splitlines()
    assert version.split() == ["Vitte", __version__]
    assert people.endswith("2 reachable, 1 blocked the bot, 1 active in the last day")
    assert "2 open, oldest waits 5 minutes, 1 given up" in inbox
    assert "default: 1 open" in jobs
    assert jobs.endswith("1 given up")
    assert "MiB used, 0 entries evicted" in redis
    assert backup.endswith(f"{name}, 5 hours ago, 2.0 MiB")


async def test_without_redis_it_says_so_and_shows_the_rest(settings: Settings) -> None:
    settings.redis.port = 9
    shown = status(settings)
    assert shown.returncode == 0, shown.stderr
    assert "does not answer" in shown.stdout
    assert "0 reachable" in shown.stdout


async def test_without_a_database_it_says_whom_to_ask(settings: Settings) -> None:
    settings.database.port = 9
    shown = status(settings)
    assert shown.returncode == 1
    assert "vitte doctor" in shown.stderr
    assert "Traceback" not in shown.stderr
