"""Everything that `vitte demo` runs, with a scripted model in the place of the small one."""

import asyncio
import os
import random
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import asyncpg

from bench.load import model
from bench.load.model import Speed
from vitte.core.nursery import Nursery
from vitte.core.settings.root import variable
from vitte.embedded.ports import LOCALHOST, is_free
from vitte.main.demo.catalogue import demo_parts
from vitte.main.demo.environment import SANDBOX_TOKEN, demo_environment, user_environment
from vitte.main.demo.home import DemoHome, DemoSecrets, open_home
from vitte.main.demo.leftovers import PidsFile, end_leftovers, mark_of
from vitte.main.demo.options import DemoOptions
from vitte.main.demo.parts import HttpProbe, Part
from vitte.main.demo.ports import DemoPorts
from vitte.main.demo.supervisor import Fault, Supervisor
from vitte.sandbox.client import SandboxClient

BOT_ID = int(SANDBOX_TOKEN.partition(":")[0])
PRODUCT = ("bot", "api", "worker", "beat", "admin", "postgres", "redis")
"""What an owner runs."""
OUTSIDE = ("sandbox", "model", "generator")
"""What stands for the world, and shares the machine with it."""
_NAMES = {"chat": "sandbox", "llm": "model"}
_PORTS = 9


class StageError(Exception):
    """A part did not start, or ended in the middle; the text names it and quotes its log."""


@dataclass(frozen=True, slots=True)
class Stage:
    """What a run needs to know of it."""

    sandbox: SandboxClient
    database: Any
    """A connection of asyncpg."""
    roots: dict[str, int]
    """Process ids by name."""
    calls: Path
    answers: Path
    """Logs: of the sandbox's calls, and of the model's answers."""
    metrics: tuple[str, ...]
    """Addresses of the processes' metrics."""
    fault: "asyncio.Task[Fault]"
    """Ends when a part does."""

    def check(self) -> None:
        """Raise StageError if a part has ended."""
        if self.fault.done():
            raise _error(self.fault.result())


@asynccontextmanager
async def staged(folder: Path, *, speed: Speed) -> AsyncIterator[Stage]:
    """Start everything; whatever happens, it ends with the block. Raises StageError."""
    ports = _free_ports()
    with open_home(DemoOptions(port_base=ports.base, data_dir=folder)) as home:
        secrets = home.secrets()
        calls, answers = home.root / "calls.jsonl", home.root / "answers.jsonl"
        variables = {
            **user_environment(),
            variable("llm.base_url"): f"http://{LOCALHOST}:{ports.llm}/v1",
            variable("llm.model"): "scripted",
        }
        # Whoever has a real bot's token about does not want it to be played with.
        variables.pop(variable("telegram.token"), None)
        environment = demo_environment(variables, ports=ports, secrets=secrets, find=lambda: None)
        parts = [
            replace(part, command=_sandbox_command(ports, calls)) if part.name == "chat" else part
            for part in demo_parts(home, ports=ports, secrets=secrets, environment=environment)
        ]
        supervisor = Supervisor(
            [*parts, _model(home, ports=ports, speed=speed, log=answers)],
            pids_file=PidsFile(home.pids_file),
            reporter=_Silent(),
            environment={**environment.variables, **mark_of(home.root)},
        )
        nursery = Nursery()
        try:
            if (fault := await supervisor.start()) is not None:
                raise _error(fault)
            roots = {
                _NAMES.get(name, name): pid for name, pid in supervisor.pids.items() if name != "migrate"
            }
            roots["generator"] = os.getpid()
            async with SandboxClient(f"http://{LOCALHOST}:{ports.chat}") as sandbox:
                database = await _connect(ports, secrets)
                try:
                    yield Stage(
                        sandbox=sandbox,
                        database=database,
                        roots=roots,
                        calls=calls,
                        answers=answers,
                        metrics=tuple(
                            f"http://{LOCALHOST}:{port}/metrics"
                            for port in (ports.bot, ports.api, ports.admin, ports.worker, ports.beat)
                        ),
                        fault=nursery.start(supervisor.watch(), name="watch"),
                    )
                finally:
                    await database.close()
        finally:
            await nursery.stop()
            await supervisor.stop()
            end_leftovers(home.root, pids_file=PidsFile(home.pids_file))


class _Silent:
    """Nobody watches the parts start."""

    def starting(self, part: Part) -> None:
        pass

    def ready(self, part: Part, *, seconds: float) -> None:
        pass

    def failed(self, part: Part) -> None:
        pass


def _sandbox_command(ports: DemoPorts, calls: Path) -> tuple[str, ...]:
    # Without a state folder: what people wrote is kept for nobody here.
    return (sys.executable, "-m", "vitte", "sandbox", "--port", str(ports.chat), "--call-log", str(calls))


def _model(home: DemoHome, *, ports: DemoPorts, speed: Speed, log: Path) -> Part:
    where = (f"--port={ports.llm}", f"--log={log}")
    return Part(
        name="llm",
        title="Scripted model",
        command=(sys.executable, str(Path(model.__file__)), *where, *speed.arguments()),
        ready=HttpProbe(f"http://{LOCALHOST}:{ports.llm}/v1/models"),
        log_file=home.logs / "llm.log",
        stop_timeout=2,
    )


def _free_ports() -> DemoPorts:
    # Below those that outgoing connections take.
    for _ in range(200):
        ports = DemoPorts(random.randrange(20_000, 32_000, 10))  # noqa: S311 - spreads runs, guards nothing
        if all(is_free(ports.base + offset) for offset in range(_PORTS)):
            return ports
    raise StageError("nine free ports in a row are nowhere to be found")


async def _connect(ports: DemoPorts, secrets: DemoSecrets) -> Any:
    return await asyncpg.connect(
        host=LOCALHOST,
        port=ports.postgres,
        user="vitte",
        password=secrets.database_password,
        database="vitte",
        server_settings={"application_name": "bench"},
    )


def _error(fault: Fault) -> StageError:
    log = "\n".join(fault.log)
    return StageError(f"{fault.part.name} {fault.ending}\n{log}")
