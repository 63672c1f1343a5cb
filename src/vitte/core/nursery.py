"""The one place that may start detached tasks."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog

logger = structlog.get_logger(__name__)


class Nursery:
    """Keeps detached tasks alive, logs those that fail, and stops them together.

    A bare `asyncio.create_task` may be collected while it runs, loses its exception, and is forgotten at
    shutdown: a linter rule sends every caller here.
    """

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def __len__(self) -> int:
        return len(self._tasks)

    def start(self, coroutine: Coroutine[Any, Any, Any], *, name: str) -> asyncio.Task[Any]:
        """Run `coroutine` in the background under `name`."""
        task = asyncio.create_task(coroutine, name=name)  # noqa: TID251 - this is the place the rule points to
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    async def wait(self, *, timeout: float) -> bool:  # noqa: ASYNC109 - a bound on waiting, cancels nothing
        """Wait up to `timeout` seconds for all tasks to end; tell whether they did."""
        if not self._tasks:
            return True
        _, pending = await asyncio.wait(set(self._tasks), timeout=timeout)
        return not pending

    async def stop(self, *, patience: float = 5.0) -> None:
        """Cancel what still runs and wait until it has ended.

        A task that is still there after `patience` seconds is cancelled again: a library may have lost the
        first time, and nobody is to wait for ever because of it.
        """
        tasks = {task for task in self._tasks if task is not asyncio.current_task()}
        while tasks:
            for task in tasks:
                task.cancel()
            _, tasks = await asyncio.wait(tasks, timeout=patience)
            for task in tasks:
                logger.warning("task_cancelled_again", task=task.get_name())

    def _finished(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("task_failed", task=task.get_name(), exc_info=error)
