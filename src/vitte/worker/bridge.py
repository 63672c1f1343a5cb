"""The bridge from Celery's processes, which know nothing of asyncio, to async services."""

import asyncio
import contextvars
import time
from collections.abc import Callable, Iterable
from typing import Any

import structlog
import uvloop
from celery import Celery, Task, signals
from dishka import AsyncContainer
from dishka.integrations.base import wrap_injection

from vitte.clients.jobs import CORRELATION_HEADER
from vitte.core.ids import bind_correlation_id
from vitte.worker.jobs import Job, JobFunction
from vitte.worker.metrics import JobMetrics

logger = structlog.get_logger(__name__)

ContainerFactory = Callable[[], AsyncContainer]


class Bridge:
    """One event loop and one container for all jobs of a process, so that connections are used again.

    A loop for each job would leave every pooled connection tied to a loop that is gone.
    """

    def __init__(self, make_container: ContainerFactory, *, job_timeout: float) -> None:
        self._make_container = make_container
        self._job_timeout = job_timeout
        self._metrics = JobMetrics()
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

    def task(self, job: Job) -> Callable[..., None]:
        """Return what Celery calls for `job`, with the task itself before the job's arguments."""
        injected = wrap_injection(
            func=job.function, is_async=True, container_getter=self._get_container, manage_scope=True
        )

        def run(task: Task, *args: Any, **kwargs: Any) -> None:
            if self._runner is None:
                raise RuntimeError("this process of the worker was not opened")
            headers = task.request.headers or {}
            # A context of its own: what a job binds is gone with it.
            context = contextvars.copy_context()
            context.run(bind_correlation_id, headers.get(CORRELATION_HEADER))
            context.run(structlog.contextvars.bind_contextvars, job=job.name, job_id=task.request.id)
            self._runner.run(self._run(job.name, injected, args, kwargs), context=context)

        return run

    async def _run(
        self, name: str, injected: JobFunction, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        logger.info("job_started")
        started = time.perf_counter()
        outcome = "failed"
        deadline = asyncio.timeout(self._job_timeout)
        try:
            async with deadline:
                await injected(*args, **kwargs)
            outcome = "finished"
        except Exception:
            if deadline.expired():
                outcome = "timed_out"
            logger.exception("job_failed", outcome=outcome, seconds=_since(started))
            raise
        else:
            logger.info("job_finished", seconds=_since(started))
        finally:
            self._metrics.ended(name, outcome=outcome, seconds=time.perf_counter() - started)

    def _get_container(self, _args: tuple[Any, ...], _kwargs: dict[str, Any]) -> AsyncContainer:
        if self._container is None:
            raise RuntimeError("this process of the worker was not opened")
        return self._container


def add_jobs(app: Celery, bridge: Bridge, jobs: Iterable[Job]) -> None:
    """Make each job a task of `app`, done through `bridge` in the processes of its pool."""
    for job in jobs:
        app.task(bridge.task(job), name=job.name, bind=True)
    signals.worker_process_init.connect(
        lambda **_: bridge.open(), weak=False, dispatch_uid="vitte.bridge.open"
    )
    signals.worker_process_shutdown.connect(
        lambda **_: bridge.close(), weak=False, dispatch_uid="vitte.bridge.close"
    )


def _since(started: float) -> float:
    return round(time.perf_counter() - started, 3)
