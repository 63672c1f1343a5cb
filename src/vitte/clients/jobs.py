"""The way to the worker: jobs are sent by name."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from celery import Celery
from kombu.exceptions import OperationalError

from vitte.core.errors import UnavailableError
from vitte.core.ids import current_correlation_id
from vitte.core.job_names import QUEUE
from vitte.core.settings import Settings

CORRELATION_HEADER = "vitte_correlation_id"
"""The message's header that carries the correlation id. A plain `correlation_id` is Celery's own word:
it would be overwritten with the job's id."""

_THREADS = 4


class JobQueue:
    """Sends jobs. It knows their names (`vitte.core.job_names`) and nothing of who does them."""

    def __init__(self, settings: Settings) -> None:
        self._timeout = settings.redis.timeout
        self._celery = Celery("vitte", set_as_current=False)
        self._celery.conf.update(broker_settings(settings))
        # Whoever sends is waiting: nothing is tried again here, and a Redis that is silent is an error.
        self._celery.conf.broker_transport_options |= {
            "socket_timeout": settings.redis.timeout,
            "max_retries": 0,
        }
        # Not Celery's own pool: all of a process's applications share that one, closed or not.
        self._connections = self._celery.connection_for_write().Pool(_THREADS)
        # Celery's producer blocks. Threads of our own: a Redis that hangs must not use up the loop's.
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="jobs")

    async def send(self, name: str, *args: Any, queue: str = QUEUE, **kwargs: Any) -> None:
        """Send the job `name`; its arguments are JSON, and ids rather than data.

        Raises UnavailableError when Redis does not take it in time. It may have arrived all the same:
        jobs stand being done twice.
        """
        headers = {CORRELATION_HEADER: current_correlation_id()}

        def send() -> None:
            with self._connections.acquire(block=True, timeout=self._timeout) as connection:
                self._celery.send_task(
                    name,
                    args=args,
                    kwargs=kwargs,
                    queue=queue,
                    headers=headers,
                    ignore_result=True,
                    connection=connection,
                    retry=False,
                )

        await self._in_thread(send)

    async def close(self) -> None:
        """Close the connections; a job that is being sent gets its time."""
        with suppress(UnavailableError):
            await self._in_thread(self._connections.force_close_all)
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._celery.close()

    async def _in_thread(self, call: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._timeout):
                await loop.run_in_executor(self._threads, call)
        except (OperationalError, OSError) as error:
            raise UnavailableError("the job queue does not answer") from error


def broker_settings(settings: Settings) -> dict[str, Any]:
    """Return what the sender of jobs and the worker have to agree on, as Celery's settings."""
    return {
        "broker_url": settings.redis.url,
        "broker_transport_options": {
            # Our keys are told apart from others in the same Redis.
            "global_keyprefix": "vitte:jobs:",
            "visibility_timeout": settings.worker.visibility_timeout,
            "unacked_restore_interval": 5,
            # By default only every tenth look is a real one.
            "unacked_restore_throttle": 1,
            "socket_connect_timeout": settings.redis.timeout,
        },
        "task_default_queue": QUEUE,
        "task_serializer": "json",
        "result_serializer": "json",
        "accept_content": ["json"],
        "task_ignore_result": True,
    }
