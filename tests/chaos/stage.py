"""The product's processes between a sandbox that watches and a model that answers by script."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.chaos.checker import Figures, Witness, examine, read_stored
from tests.chaos.crowd import BOT_ID, Asked, Crowd
from tests.chaos.work import Work
from tests.patience import PATIENCE
from tests.web.processes import environment
from tests.worker.conftest import BEAT, WORKER
from vitte.core.settings import Settings
from vitte.db.engine import create_engine
from vitte.embedded.ports import free_port
from vitte.embedded.process import ChildProcess, spawn
from vitte.sandbox.llm import Script, running_model
from vitte.sandbox.settings import SandboxLimits
from vitte.sandbox.testing import RunningSandbox, running_sandbox

REAL_BOT = ("-m", "vitte", "run", "bot")
API = ("-m", "vitte", "run", "api")
NAIVE_BOT = (str(Path(__file__).with_name("naive_bot.py")),)

LEASE = 6.0
"""Seconds after which a killed bot's updates are taken over; the product's own is a minute."""
_LOG_MEMORY = 1_000_000
_LOOK_EVERY = 0.05


@dataclass
class StagedProcess:
    """A process as an operator starts it. Its log is a file, so that nothing is lost when it is killed."""

    child: ChildProcess
    ready_event: str

    async def ready(self) -> None:
        """Wait until it does its work."""
        await until(self._is_ready, timeout=PATIENCE, what=self.ready_event)

    def kill(self) -> None:
        """Send SIGKILL to it and its children at once, and return when it is no more."""
        self.child.kill()

    def freeze(self) -> None:
        """Send SIGSTOP to it and its children."""
        os.killpg(self.child.pid, signal.SIGSTOP)

    async def terminate(self, *, within: float) -> float:
        """Send SIGTERM and return the seconds that the end took; whoever is late is killed."""
        begun = asyncio.get_running_loop().time()
        self.child.send(signal.SIGTERM)
        await asyncio.to_thread(self.child.wait, timeout=within)
        seconds = asyncio.get_running_loop().time() - begun
        self.child.kill()
        return seconds

    def lines(self, *events: str) -> list[dict[str, Any]]:
        """Return the log's lines of these events, each with its Unix time as "at"."""
        found = []
        for line in self.child.log_path.read_text().splitlines():
            if line.startswith("{") and (content := json.loads(line))["event"] in events:
                content["at"] = datetime.fromisoformat(content["timestamp"]).timestamp()
                found.append(content)
        return found

    def _is_ready(self) -> bool:
        if not self.child.is_running:
            name, log = self.child.name, "\n".join(self.child.log_tail())
            raise AssertionError(f"the {name} {self.child.ending()}:\n{log}")
        return f'"{self.ready_event}"' in self.child.log_text()


@dataclass
class Stage:
    """All that a fault is tried on."""

    settings: Settings
    sandbox: RunningSandbox
    script: Script
    engine: AsyncEngine
    work: Work
    folder: Path
    command: Sequence[str] = REAL_BOT
    patience: float = 2 * PATIENCE
    """Seconds to wait for answers that are missing."""
    quiet: float = PATIENCE / 2
    """Seconds without any call after which no further answer is waited for."""
    processes: list[StagedProcess] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.crowd = Crowd(self.sandbox)
        self.witness = Witness(self.sandbox.sandbox.log)

    def launch(self, name: str, command: Sequence[str | Path], *, ready_event: str) -> StagedProcess:
        """Start a process without waiting for it."""
        child = spawn(
            [sys.executable, *map(str, command)],
            name=name,
            log_path=self.folder / f"{name}-{len(self.processes)}.log",
            environment=environment(self.settings) | {"TMPDIR": str(self.folder)},
            parent_death_signal=signal.SIGKILL,
        )
        self.processes.append(StagedProcess(child, ready_event))
        return self.processes[-1]

    def launch_bot(self) -> StagedProcess:
        """Start a bot without waiting for it."""
        return self.launch("bot", self.command, ready_event="bot_ready")

    async def start_bot(self) -> StagedProcess:
        """Start a bot and wait until it takes updates in."""
        return await self._started(self.launch_bot())

    async def start_worker(self) -> StagedProcess:
        """Start a worker, which knows the tests' jobs too, and wait until it takes jobs."""
        return await self._started(self.launch("worker", [WORKER], ready_event="worker_ready"))

    async def start_beat(self) -> StagedProcess:
        """Start the clock."""
        return await self._started(self.launch("beat", BEAT, ready_event="beat_ready"))

    async def start_api(self) -> StagedProcess:
        """Start the API."""
        return await self._started(self.launch("api", API, ready_event="api_ready"))

    def is_answered(self, asked: Collection[Asked]) -> bool:
        """Tell whether every one of these questions was answered in its chat."""
        self.witness.look()
        return all(question.number in self.witness.answered for question in asked)

    async def asked_of_the_model(self, count: int) -> None:
        """Wait until the model was asked `count` times in all."""
        await until(
            lambda: len(self.script.requests) >= count,
            timeout=2 * PATIENCE,
            what=f"{count} questions at the model",
        )

    async def have_answers(self, count: int) -> None:
        """Wait until `count` questions in all were answered."""

        def are_there() -> bool:
            self.witness.look()
            return len(self.witness.answered) >= count

        await until(are_there, timeout=2 * PATIENCE, what=f"{count} answers")

    async def settle(self, asked: Collection[Asked], *, excused: Collection[int] = ()) -> None:
        """Wait until these are answered and nothing is open any more; or until that is not to be hoped for.

        Nothing is raised then: the checker tells what is missing.
        """
        loop = asyncio.get_running_loop()
        deadline, seen, moved = loop.time() + self.patience, -1, loop.time()
        waited_for = [question for question in asked if question.number not in excused]
        while loop.time() < deadline and loop.time() - moved < self.quiet:
            if self.is_answered(waited_for) and await self.is_idle():
                return
            if len(self.witness.calls) != seen:
                seen, moved = len(self.witness.calls), loop.time()
            await asyncio.sleep(_LOOK_EVERY)

    async def is_idle(self) -> bool:
        """Tell whether no update is on its way, neither in the sandbox nor in the inbox."""
        if len(self.sandbox.world.queue(BOT_ID)):
            return False
        return not await self.count("SELECT count(*) FROM inbox_updates WHERE state = 'open'")

    async def in_flight(self) -> int:
        """Return how many updates a bot that was just killed had been handling."""
        await self.forgotten("bot")
        # Until another bot runs nobody takes them over, also if their leases should be over by now.
        return await self.count(
            "SELECT count(*) FROM inbox_updates WHERE state = 'open' AND leased_until IS NOT NULL"
        )

    async def forgotten(self, process: str) -> None:
        """Wait until PostgreSQL has ended the transactions of a process that was killed."""
        left = f"SELECT count(*) FROM pg_stat_activity WHERE application_name = 'vitte-{process}'"  # noqa: S608
        await until_async(
            lambda: self._is_none(left), timeout=PATIENCE, what=f"the killed {process} is forgotten"
        )

    async def count(self, query: str) -> int:
        """Return the one number that the query asks for."""
        async with self.engine.connect() as connection:
            return int(await connection.scalar(text(query)) or 0)

    async def examine(self, asked: Sequence[Asked], *, excused: Collection[int] = ()) -> Figures:
        """Return the checker's figures."""
        return examine(asked, self.witness, await read_stored(self.engine), excused=excused)

    @staticmethod
    async def _started(process: StagedProcess) -> StagedProcess:
        await process.ready()
        return process

    async def _is_none(self, query: str) -> bool:
        return await self.count(f"{query} AND datname = current_database()") == 0


@asynccontextmanager
async def staged(
    settings: Settings,
    folder: Path,
    *,
    command: Sequence[str] = REAL_BOT,
    quiet: float = PATIENCE / 2,
    limits: SandboxLimits | None = None,
) -> AsyncIterator[Stage]:
    """Set the stage; at the end every process is killed."""
    settings = settings.model_copy(deep=True)
    settings.outbound.draft_rate = settings.assistant.draft_interval = 1
    settings.bot.lease = LEASE
    settings.bot.port, settings.worker.metrics_port = free_port(), free_port()
    script = Script()
    engine = create_engine(settings.database, process="chaos")
    work = Work(settings, engine)
    async with (
        running_model(script) as settings.llm.base_url,
        running_sandbox(limits=limits or SandboxLimits(), call_log_memory=_LOG_MEMORY) as sandbox,
    ):
        settings.telegram.api_url = sandbox.base_url
        stage = Stage(settings, sandbox, script, engine, work, folder, command, quiet=quiet)
        try:
            yield stage
        finally:
            for process in stage.processes:
                process.kill()
            await work.close()
            await engine.dispose()


async def until(condition: Callable[[], bool], *, timeout: float, what: str) -> None:  # noqa: ASYNC109
    """Wait until `condition` holds. Raises AssertionError that says what was waited for."""

    async def ask() -> bool:
        return condition()

    await until_async(ask, timeout=timeout, what=what)


async def until_async(condition: Callable[[], Any], *, timeout: float, what: str) -> None:  # noqa: ASYNC109
    """Wait until the awaited `condition` holds. Raises AssertionError that says what was waited for."""
    try:
        async with asyncio.timeout(timeout):
            while not await condition():  # noqa: ASYNC110 - processes tell nobody
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"not within {timeout} s: {what}") from None
