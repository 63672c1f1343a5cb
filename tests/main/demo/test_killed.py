"""A demo that is killed with SIGKILL leaves nothing behind, and the next one finds what did stay."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.patience import PATIENCE
from vitte.embedded.ports import wait_until
from vitte.embedded.process import ChildProcess, spawn
from vitte.embedded.proctable import descendants_of, identify, is_running
from vitte.main.demo.leftovers import PidsFile, end_leftovers, mark_of, marked

DRIVER = """
import asyncio, sys
from pathlib import Path
from tests.main.demo.fakes import DEAF, WITH_GRANDCHILD, Recorder, part
from vitte.embedded.redis import RedisServer
from vitte.main.demo.leftovers import PidsFile
from vitte.main.demo.parts import Part
from vitte.main.demo.supervisor import Supervisor, supervise

folder = Path(sys.argv[1])

async def main():
    server = RedisServer(folder / "redis", password="x", die_with_parent=True)
    parts = [
        part(folder, "worker", "signal.signal(signal.SIGTERM, signal.SIG_IGN); " + WITH_GRANDCHILD),
        part(folder, "deaf", DEAF),
        Part(name="redis", title="Redis", server=server, log_file=server.log_path),
    ]
    pids_file = PidsFile(folder / "pids.json")
    supervisor = Supervisor(parts, pids_file=pids_file, reporter=Recorder(), environment={})
    async def when_ready():
        print("up", flush=True)
    await supervise(supervisor, stop=asyncio.Event(), when_ready=when_ready)

asyncio.run(main())
"""
SLEEPER = [sys.executable, "-S", "-c", "import time; time.sleep(600)"]


def sleeper(folder: Path, environment: dict[str, str]) -> ChildProcess:
    return spawn(SLEEPER, name="sleeper", log_path=folder / "log", environment=environment)


def test_nothing_outlives_a_killed_demo(tmp_path: Path) -> None:
    root = Path(__file__).parents[3]
    with subprocess.Popen(
        [sys.executable, "-c", DRIVER, str(tmp_path)], stdout=subprocess.PIPE, cwd=root
    ) as driver:
        assert driver.stdout is not None
        assert driver.stdout.readline() == b"up\n"
        family = descendants_of(driver.pid)
        assert len(family) == 5  # three parts, the grandchild, the guardian
        driver.kill()
    assert wait_until(lambda: not any(map(is_running, family)), timeout=PATIENCE)


def test_a_part_left_behind_is_ended_by_the_next_demo(tmp_path: Path) -> None:
    left = sleeper(tmp_path, {})
    PidsFile(tmp_path / "pids.json").add("bot", left.pid)
    assert end_leftovers(tmp_path, pids_file=PidsFile(tmp_path / "pids.json")) == ["bot"]
    assert not is_running(left.pid)
    left.kill()


def test_a_process_that_only_got_the_same_id_is_spared(tmp_path: Path) -> None:
    other = sleeper(tmp_path, {})
    pids_file = tmp_path / "pids.json"
    identity = identify(other.pid)
    assert identity is not None
    pids_file.write_text(json.dumps({"bot": [other.pid, identity.started + "0"]}))
    assert end_leftovers(tmp_path, pids_file=PidsFile(pids_file)) == []
    assert is_running(other.pid)
    other.kill()


def test_a_torn_list_of_processes_stops_nobody(tmp_path: Path) -> None:
    for text in ("", "[1]", '{"bot": 5}', '{"bot": ["x", "y"]}'):
        (tmp_path / "pids.json").write_text(text)
        assert end_leftovers(tmp_path, pids_file=PidsFile(tmp_path / "pids.json")) == []


def test_what_carries_the_mark_of_this_demo_is_ended_and_of_another_is_not(tmp_path: Path) -> None:
    ours = sleeper(tmp_path, mark_of(tmp_path))
    others = sleeper(tmp_path, mark_of(tmp_path / "another"))
    assert wait_until(lambda: marked(tmp_path) == [ours.pid], timeout=PATIENCE)
    end_leftovers(tmp_path, pids_file=PidsFile(tmp_path / "pids.json"))
    assert not is_running(ours.pid)
    assert is_running(others.pid)
    assert is_running(os.getpid())
    ours.kill()
    others.kill()
