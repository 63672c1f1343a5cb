"""The parts of a demo start in order, are missed when they die, and end without a trace."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.main.demo.fakes import DEAF, DIES, NEVER_READY, READY, WITH_GRANDCHILD, Recorder, part
from tests.patience import PATIENCE
from vitte.embedded.ports import wait_until
from vitte.embedded.proctable import is_running
from vitte.embedded.redis import RedisServer
from vitte.main.demo.leftovers import PidsFile
from vitte.main.demo.parts import Part
from vitte.main.demo.supervisor import Fault, Supervisor, supervise

Then = Callable[[Supervisor, asyncio.Event], Awaitable[None]]


class Demo:
    """Runs parts under a supervisor, and something when they are ready; stops then unless told not to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.recorder = Recorder()
        self.pids: dict[str, int] = {}

    async def run(self, *parts: Part, then: Then | None = None, until_stopped: bool = False) -> Fault | None:
        supervisor = Supervisor(
            parts,
            pids_file=PidsFile(self.folder / "pids.json"),
            reporter=self.recorder,
            environment={"PATH": os.defpath},
        )
        stop = asyncio.Event()

        async def when_ready() -> None:
            self.pids = supervisor.pids
            if then is not None:
                await then(supervisor, stop)
            if not until_stopped:
                stop.set()

        async with asyncio.timeout(PATIENCE):
            return await supervise(supervisor, stop=stop, when_ready=when_ready)

    def all_are_gone(self) -> bool:
        return bool(self.pids) and not any(map(is_running, self.pids.values()))


@pytest.fixture
def demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Demo:
    # Nobody is killed because the machine is busy; and whoever should have been killed is seen.
    monkeypatch.setattr("vitte.main.demo.supervisor._STOP_WITHIN", 10 * PATIENCE)
    return Demo(tmp_path)


async def test_a_part_starts_after_what_it_needs_is_ready(demo: Demo, tmp_path: Path) -> None:
    fault = await demo.run(
        part(tmp_path, "bot", READY, depends_on=("tables",)),
        part(tmp_path, "tables", "pass", ready=None, depends_on=("database",)),
        part(tmp_path, "database", READY),
    )
    assert fault is None
    assert demo.recorder.events == [
        f"{name} {what}" for name in ("database", "tables", "bot") for what in ("starts", "is ready")
    ]
    assert demo.all_are_gone()


async def test_parts_that_do_not_need_each_other_start_at_once(demo: Demo, tmp_path: Path) -> None:
    meet = (
        "pathlib.Path({mine!r}).touch()\nwhile not pathlib.Path({other!r}).exists(): time.sleep(0.01)\n"
        + READY
    )
    one, two = str(tmp_path / "one"), str(tmp_path / "two")
    fault = await demo.run(
        part(tmp_path, "left", meet.format(mine=one, other=two)),
        part(tmp_path, "right", meet.format(mine=two, other=one)),
    )
    assert fault is None
    assert len(demo.pids) == 2


async def test_parts_stop_after_those_that_need_them(demo: Demo, tmp_path: Path) -> None:
    diary = tmp_path / "diary"
    program = (
        "def end(*_):\n"
        "    time.sleep(0.1)\n"
        f"    open({str(diary)!r}, 'a').write('%s ')\n"
        "    sys.exit()\n"
        "signal.signal(signal.SIGTERM, end)\n" + READY
    )
    await demo.run(
        part(tmp_path, "database", program % "database"),
        part(tmp_path, "cache", program % "cache", depends_on=("database",)),
        part(tmp_path, "bot", program % "bot", depends_on=("cache",)),
    )
    assert diary.read_text().split() == ["bot", "cache", "database"]


async def test_a_death_is_noticed_and_named_with_its_log(demo: Demo, tmp_path: Path) -> None:
    async def kill(supervisor: Supervisor, stop: asyncio.Event) -> None:
        os.kill(supervisor.pids["bot"], signal.SIGKILL)

    fault = await demo.run(
        part(tmp_path, "bot", READY), part(tmp_path, "api", READY), then=kill, until_stopped=True
    )
    assert fault is not None
    assert (fault.part.name, fault.ending, fault.log) == ("bot", "was killed by SIGKILL", ("i_am_ready",))
    assert demo.all_are_gone()


async def test_a_part_that_dies_while_starting_stops_the_rest(demo: Demo, tmp_path: Path) -> None:
    fault = await demo.run(
        part(tmp_path, "cache", READY),
        part(tmp_path, "bot", DIES),
        part(tmp_path, "admin", READY, depends_on=("bot",)),
    )
    assert fault is not None
    assert (fault.part.name, fault.ending) == ("bot", "ended with exit code 7")
    assert "a reason" in fault.log[0]
    assert "bot failed" in demo.recorder.events
    assert "admin starts" not in demo.recorder.events


async def test_a_part_that_ended_well_but_should_have_stayed_is_a_fault_too(
    demo: Demo, tmp_path: Path
) -> None:
    fault = await demo.run(
        part(tmp_path, "bot", "print('i_am_ready', flush=True); time.sleep(0.2)"), until_stopped=True
    )
    assert fault is not None
    assert fault.ending == "ended with exit code 0"


async def test_a_part_that_never_gets_ready_is_given_up(demo: Demo, tmp_path: Path) -> None:
    fault = await demo.run(part(tmp_path, "bot", NEVER_READY, start_timeout=0.3))
    assert fault is not None
    assert fault.ending == "did not get ready in 0 s"


async def test_a_job_that_fails_keeps_those_that_need_it_from_starting(demo: Demo, tmp_path: Path) -> None:
    fault = await demo.run(
        part(tmp_path, "tables", "sys.exit(3)", ready=None),
        part(tmp_path, "bot", READY, depends_on=("tables",)),
    )
    assert fault is not None
    assert (fault.part.name, fault.ending) == ("tables", "ended with exit code 3")
    assert demo.recorder.events == ["tables starts", "tables failed"]


async def test_a_part_that_ignores_sigterm_is_killed_after_its_time(demo: Demo, tmp_path: Path) -> None:
    assert await demo.run(part(tmp_path, "deaf", DEAF, stop_timeout=0.3)) is None
    assert demo.all_are_gone()


async def test_a_second_ctrl_c_ends_what_ignores_the_first(demo: Demo, tmp_path: Path) -> None:
    async def stop_twice(supervisor: Supervisor, stop: asyncio.Event) -> None:
        stop.set()
        asyncio.get_running_loop().call_later(0.2, supervisor.kill)

    fault = await demo.run(
        part(tmp_path, "deaf", DEAF),
        part(tmp_path, "other", DEAF, depends_on=("deaf",)),
        then=stop_twice,
    )
    assert fault is None
    assert demo.all_are_gone()


async def test_grandchildren_do_not_outlive_the_demo(demo: Demo, tmp_path: Path) -> None:
    await demo.run(part(tmp_path, "worker", WITH_GRANDCHILD))
    grandchild = int((tmp_path / "worker.log").read_text().split()[1])
    # It was sent SIGKILL; the kernel may still be taking it down.
    assert wait_until(lambda: not is_running(grandchild), timeout=PATIENCE)


async def test_stopping_while_parts_still_start_leaves_nothing(demo: Demo, tmp_path: Path) -> None:
    supervisor = Supervisor(
        [
            part(tmp_path, "cache", READY),
            part(tmp_path, "bot", NEVER_READY, depends_on=("cache",)),
        ],
        pids_file=PidsFile(tmp_path / "pids.json"),
        reporter=demo.recorder,
        environment={},
    )
    stop = asyncio.Event()

    async def stop_when_bot_starts() -> None:
        while "bot" not in supervisor.pids:  # noqa: ASYNC110 - a process tells no event
            await asyncio.sleep(0.01)
        demo.pids = supervisor.pids
        stop.set()

    async def never() -> None:
        pytest.fail("the bot never got ready")

    async with asyncio.timeout(PATIENCE):
        fault, _ = await asyncio.gather(
            supervise(supervisor, stop=stop, when_ready=never), stop_when_bot_starts()
        )
    assert fault is None
    assert len(demo.pids) == 2
    assert demo.all_are_gone()


async def test_an_embedded_server_is_a_part_like_the_others(demo: Demo, tmp_path: Path) -> None:
    server = RedisServer(tmp_path / "redis", password="x", die_with_parent=True)
    redis = Part(name="redis", title="Redis", server=server, log_file=server.log_path)

    async def kill(supervisor: Supervisor, stop: asyncio.Event) -> None:
        server.kill()

    fault = await demo.run(redis, then=kill, until_stopped=True)
    assert fault is not None
    assert (fault.part.name, fault.ending) == ("redis", "was killed by SIGKILL")
    assert await demo.run(redis) is None
    assert demo.all_are_gone()


async def test_a_server_that_cannot_start_is_a_fault_with_its_own_words(demo: Demo, tmp_path: Path) -> None:
    server = RedisServer(tmp_path / "redis", password="x", options={"no-such-option": "1"})
    fault = await demo.run(Part(name="redis", title="Redis", server=server, log_file=server.log_path))
    assert fault is not None
    assert "no-such-option" in fault.ending
