"""The bridge from Celery's processes, which know nothing of asyncio, to async services."""

import asyncio
import contextvars
from collections.abc import Callable, Coroutine
from typing import Any

import structlog
import uvloop
from celery import Celery, signals
from dishka import AsyncContainer
from dishka.integrations.base import wrap_injection

from vitte.core.ids import bind_correlation_id
from vitte.core.job_names import RUN_JOB
from vitte.core.settings.processes import WorkerSettings
from vitte.jobs.leases import JobLeases
from vitte.worker.jobs import Work, WorkFunction
from vitte.worker.metrics import JOBS_DEAD
from vitte.worker.request import AcknowledgedRequest
from vitte.worker.runner import JobRunner, TickRunner

logger = structlog.get_logger(__name__)

ContainerFactory = Callable[[], AsyncContainer]


class Bridge:
    """One event loop and one container for all work of a process, so that connections are used again.

    A loop for each job would leave every pooled connection tied to a loop that is gone.
    """

    def __init__(self, make_container: ContainerFactory, *, work: Work, settings: WorkerSettings) -> None:
        self._make_container = make_container
        self._settings = settings
        self._jobs = {name: self._inject(function) for name, function in work.jobs.items()}
        self._waiting = frozenset(work.waiting)
        self._ticks = {name: self._inject(function) for name, function in work.ticks.items()}
        self._runner: asyncio.Runner | None = None
        self._container: AsyncContainer | None = None

    def open(self) -> None:
        """Make loop and container: in the process that does the jobs, after the fork."""
        self._runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
        self._container = self._make_container()

    def close(self) -> None:
        """Close the container's connections, and the loop."""
        if self._runner is not None and self._container is not None:
            self._runner.run(self._container.close())
            self._runner.close()
            self._runner = self._container = None

    def add_to(self, app: Celery) -> None:
        """Make tasks of `app`: one that does any job, and one for each tick."""
        app.task(self._run_job, name=RUN_JOB, Request=AcknowledgedRequest)
        for name in self._jobs:
            # From the start: of a counter that begins with its first event, nobody sees the event.
            JOBS_DEAD.labels(name)
        for name in self._ticks:
            app.task(self._tick(name), name=name, Request=AcknowledgedRequest)

    def _run_job(self, job_id: int) -> None:
        async def run() -> None:
            leases = await self._opened().get(JobLeases)
            runner = JobRunner(self._jobs, leases, self._settings, waiting=self._waiting)
            await runner.run(job_id)

        self._run(run())

    def _tick(self, name: str) -> Callable[[], None]:
        def run() -> None:
            self._run(TickRunner(self._ticks[name], self._settings).run(name))

        return run

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        if self._runner is None:
            raise RuntimeError("this process of the worker was not opened")
        # A context of its own: what is bound for this piece of work is gone with it.
        context = contextvars.copy_context()
        context.run(bind_correlation_id)
        self._runner.run(work, context=context)

    def _inject(self, function: WorkFunction) -> WorkFunction:
        injected: WorkFunction = wrap_injection(
            func=function, is_async=True, container_getter=self._get_container, manage_scope=True
        )
        return injected

    def _get_container(self, _args: tuple[Any, ...], _kwargs: dict[str, Any]) -> AsyncContainer:
        return self._opened()

    def _opened(self) -> AsyncContainer:
        if self._container is None:
            raise RuntimeError("this process of the worker was not opened")
        return self._container


def open_with_processes(bridge: Bridge) -> None:
    """Open and close `bridge` with every process of Celery's pool."""
    signals.worker_process_init.connect(
        lambda **_: bridge.open(), weak=False, dispatch_uid="vitte.bridge.open"
    )
    signals.worker_process_shutdown.connect(
        lambda **_: bridge.close(), weak=False, dispatch_uid="vitte.bridge.close"
    )
