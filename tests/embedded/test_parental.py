"""Nothing outlives a parent that was killed with SIGKILL."""

import asyncio
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.patience import PATIENCE
from vitte.embedded.ports import wait_until
from vitte.embedded.process import spawn
from vitte.embedded.proctable import descendants_of, is_running

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has parent-death signals")

OWNER = """
import asyncio, sys
from pathlib import Path
from vitte.embedded.postgres import PostgresServer
from vitte.embedded.redis import RedisServer

folder = Path(sys.argv[1])
servers = [
    PostgresServer(folder / "postgres", password="x", durable=False, die_with_parent=True),
    RedisServer(folder / "redis", password="x", die_with_parent=True),
]

async def main():
    await asyncio.gather(*(asyncio.to_thread(server.start) for server in servers))
    print("up", flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


def test_servers_end_when_their_owner_is_killed(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", OWNER, str(tmp_path)], stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == b"up\n"
        family = descendants_of(owner.pid)
        assert len(family) > 4  # Redis, PostgreSQL and its helpers
        owner.kill()
    assert wait_until(lambda: not any(map(is_running, family)), timeout=PATIENCE), [
        pid for pid in family if is_running(pid)
    ]


def test_a_server_outlives_the_thread_that_started_it(tmp_path: Path) -> None:
    async def start() -> int:
        child = await asyncio.to_thread(
            spawn,
            ["sleep", "600"],
            name="sleep",
            log_path=tmp_path / "log",
            parent_death_signal=signal.SIGKILL,
        )
        children.append(child)
        return child.pid

    children = []  # type: ignore[var-annotated]
    pid = asyncio.run(start())  # ends its pool of threads, and with it the one that asked for the child
    try:
        assert not wait_until(lambda: not is_running(pid), timeout=0.3)
    finally:
        children[0].kill()


def test_a_command_that_does_not_exist_is_the_callers_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        spawn(
            ["/no/such/command"],
            name="none",
            log_path=tmp_path / "log",
            parent_death_signal=signal.SIGKILL,
        )
