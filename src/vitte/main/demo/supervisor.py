"""Starts the parts of the demo in the order of their needs, notices deaths, and stops everything."""

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol, cast

from vitte.core.nursery import Nursery
from vitte.embedded.errors import EmbeddedError
from vitte.embedded.process import ChildProcess, spawn
from vitte.embedded.server import EmbeddedServer
from vitte.main.demo.guardian import Guardian
from vitte.main.demo.leftovers import PidsFile
from vitte.main.demo.parts import Part

_LOOK_EVERY = 0.1  # seconds between two looks at whether a part still lives
_STOP_WITHIN = 9.0  # seconds for all parts together


@dataclass(frozen=True, slots=True)
class Fault:
    """A part that did not start, or ended. `ending` is in words: "was killed by SIGKILL"."""

    part: Part
    ending: str
    log: tuple[str, ...]


class Reporter(Protocol):
    """Is told of what happens, for a person to see."""

    def starting(self, part: Part) -> None:
        """The part's turn has come."""

    def ready(self, part: Part, *, seconds: float) -> None:
        """The part does its work, `seconds` after its turn came."""

    def failed(self, part: Part) -> None:
        """The part did not get ready."""


class _PartFailedError(Exception):
    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.ending)
        self.fault = fault


class Supervisor:
    """The parts of one demo while they run."""

    def __init__(
        self,
        parts: Sequence[Part],
        *,
        pids_file: PidsFile,
        reporter: Reporter,
        environment: Mapping[str, str],
    ) -> None:
        self._parts = {part.name: part for part in parts}
        self._pids_file = pids_file
        self._reporter = reporter
        self._environment = dict(environment)
        self._guardian = Guardian()
        self._children: dict[str, ChildProcess] = {}
        self._ready = {name: asyncio.Event() for name in self._parts}
        self._stopping = False
        self._hurry = False
        # Each part may block one thread while it starts or stops, and one probe.
        self._threads = ThreadPoolExecutor(2 * len(parts) + 2, thread_name_prefix="demo")

    @property
    def pids(self) -> dict[str, int]:
        """The process id of every part that runs, by name."""
        return {name: child.pid for name, child in self._children.items()}

    async def start(self) -> Fault | None:
        """Start all parts, as many at once as their needs allow; return the first that fails.

        Cancelling it is safe: `stop` then ends whatever had been started.
        """
        faults: list[Fault] = []
        try:
            async with asyncio.TaskGroup() as group:
                for part in self._parts.values():
                    group.create_task(self._start(part))
        except* _PartFailedError as failures:
            faults = [error.fault for error in failures.exceptions if isinstance(error, _PartFailedError)]
        return faults[0] if faults else None

    async def watch(self) -> Fault:
        """Return the first part that has become ready and ended after that."""
        while True:
            for name, child in self._children.items():
                part = self._parts[name]
                if self._ready[name].is_set() and not part.runs_once and not child.is_running:
                    return self._fault(part, child)
            await asyncio.sleep(_LOOK_EVERY)

    async def stop(self) -> None:
        """Stop every part after those that need it, and leave no process behind; ten seconds at most."""
        self._stopping = True
        deadline = time.monotonic() + _STOP_WITHIN
        stopped = {name: asyncio.Event() for name in self._parts}
        async with asyncio.TaskGroup() as group:
            for part in self._parts.values():
                group.create_task(self._stop(part, stopped=stopped, deadline=deadline))
        self._guardian.close()
        self._threads.shutdown(wait=False)

    def kill(self) -> None:
        """End every part with SIGKILL, now; `stop`, running or called next, then has little left to do."""
        self._hurry = True
        for name, child in list(self._children.items()):
            server = self._parts[name].server
            child.kill() if server is None else server.kill()

    async def _start(self, part: Part) -> None:
        for name in part.depends_on:
            await self._ready[name].wait()
        begun = time.monotonic()
        self._reporter.starting(part)
        try:
            if part.server is not None:
                await self._start_server(part, part.server)
            else:
                await self._start_command(part)
        except _PartFailedError:
            self._reporter.failed(part)
            raise
        self._reporter.ready(part, seconds=time.monotonic() - begun)
        self._ready[part.name].set()

    async def _start_server(self, part: Part, server: EmbeddedServer) -> None:
        future = asyncio.get_running_loop().run_in_executor(self._threads, server.start)
        try:
            await asyncio.shield(future)
        except asyncio.CancelledError:
            server.kill()
            with suppress(EmbeddedError, asyncio.CancelledError):
                await future
            raise
        except EmbeddedError as error:
            raise _PartFailedError(Fault(part, str(error), ())) from None
        if server.child is not None:
            self._adopt(part, server.child, death_signal=server.death_signal)

    async def _start_command(self, part: Part) -> None:
        child = spawn(
            part.command,
            name=part.name,
            log_path=part.log_file,
            environment={**self._environment, **part.environment},
            parent_death_signal=signal.SIGKILL,
        )
        self._adopt(part, child, death_signal=signal.SIGKILL)
        deadline = time.monotonic() + part.start_timeout
        while not await self._is_ready(part, child):
            if not child.is_running:
                raise _PartFailedError(self._fault(part, child))
            if time.monotonic() > deadline:
                ending = f"did not get ready in {part.start_timeout:.0f} s"
                raise _PartFailedError(Fault(part, ending, tuple(child.log_tail())))
            await asyncio.sleep(0.03)

    async def _is_ready(self, part: Part, child: ChildProcess) -> bool:
        if part.ready is None:
            return child.returncode == 0
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, part.ready.is_ready, child)

    def _adopt(self, part: Part, child: ChildProcess, *, death_signal: signal.Signals) -> None:
        self._children[part.name] = child
        self._guardian.add(child, death_signal=death_signal)
        self._pids_file.add(part.name, child.pid)

    async def _stop(self, part: Part, *, stopped: dict[str, asyncio.Event], deadline: float) -> None:
        for name, other in self._parts.items():
            if part.name in other.depends_on:
                await stopped[name].wait()
        child = self._children.get(part.name)
        if child is not None:
            grace = 0.0 if self._hurry else max(0.0, min(part.stop_timeout, deadline - time.monotonic()))
            await asyncio.get_running_loop().run_in_executor(self._threads, _end, part, child, grace)
            self._guardian.forget(child)
            self._pids_file.remove(part.name)
        stopped[part.name].set()

    @staticmethod
    def _fault(part: Part, child: ChildProcess) -> Fault:
        return Fault(part, child.ending(), tuple(child.log_tail()))


def _end(part: Part, child: ChildProcess, grace: float) -> None:
    if part.server is not None:
        part.server.stop(timeout=grace)
    else:
        child.stop(grace=grace)


async def supervise(
    supervisor: Supervisor, *, stop: asyncio.Event, when_ready: Callable[[], Awaitable[None]]
) -> Fault | None:
    """Start the parts, run `when_ready`, wait until `stop` is set or a part fails, and stop all; return the
    failure.

    Whatever happens, nothing is left running.
    """
    nursery = Nursery()

    async def work() -> Fault | None:
        fault = await supervisor.start()
        if fault is None:
            await when_ready()
            await stop.wait()
        return fault

    working = nursery.start(work(), name="work")
    watching = nursery.start(supervisor.watch(), name="watch")
    asked = nursery.start(stop.wait(), name="asked to stop")
    try:
        await asyncio.wait({working, watching, asked}, return_when=asyncio.FIRST_COMPLETED)
        for task in (watching, working):
            if task.done() and (fault := task.result()) is not None:
                return cast("Fault", fault)
        return None
    finally:
        await nursery.stop()
        await supervisor.stop()
