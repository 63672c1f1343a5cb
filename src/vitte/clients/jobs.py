"""The way to the worker. A message says which row of the table `jobs` is to be done, and no more."""

import asyncio
import contextvars
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar

import structlog
from celery import Celery
from kombu.exceptions import OperationalError
from prometheus_client import Counter
from redis.exceptions import RedisError

from vitte.clients.redis import tls_options
from vitte.core.errors import UnavailableError
from vitte.core.job_names import LATER_QUEUE, QUEUE, RUN_JOB
from vitte.core.settings import Settings

logger = structlog.get_logger(__name__)

JOB_MESSAGES = Counter("vitte_job_messages", "Messages to the worker by outcome.", ["outcome"])

Result = TypeVar("Result")

_THREADS = 4
_JOBS_IN_TIME = 100
"""Jobs that Redis takes within its time-out even where everything is slow."""
_AFTER_ALL_OTHERS = 9
"""A priority by which a message is taken when no other waits in any queue. That of the others, 0, is first.

https://docs.celeryq.dev/en/stable/userguide/routing.html#redis-message-priorities
"""


class JobQueue:
    """Tells the worker of jobs. Best effort: what does not arrive is sent again by the sweeper."""

    def __init__(self, settings: Settings) -> None:
        self._timeout = settings.redis.timeout
        self._celery = Celery("vitte", set_as_current=False)
        self._celery.conf.update(broker_settings(settings))
        # Whoever sends is waiting: nothing is tried again here.
        self._celery.conf.broker_transport_options |= {"max_retries": 0}
        # Not Celery's own pool: all of a process's applications share that one, closed or not.
        self._connections = self._celery.connection_for_write().Pool(_THREADS)
        # Celery's producer blocks. Threads of our own: a Redis that hangs must not use up the loop's.
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="jobs")
        self._sending: set[Future[None]] = set()

    def send_soon(self, job_id: int, *, queue: str) -> None:
        """Tell the worker of a job, and let nobody wait for it. A failure is logged and counted."""
        # The time-out counts from now: a heap of these behind a silent Redis is gone as soon as it is over.
        deadline = time.monotonic() + self._timeout

        def send() -> None:
            try:
                if time.monotonic() > deadline:
                    raise TimeoutError("the job queue is silent")
                self._send([job_id], queue)
            except (OperationalError, OSError) as error:
                JOB_MESSAGES.labels("failed").inc()
                logger.warning("job_not_sent", job_id=job_id, reason=str(error))

        future = self._threads.submit(contextvars.copy_context().run, send)
        self._sending.add(future)
        future.add_done_callback(self._sending.discard)

    async def send(self, job_ids: Sequence[int], *, queue: str) -> None:
        """Tell the worker of jobs, in this order.

        Raises UnavailableError when Redis does not take them in time. Some may have arrived all the same:
        a message too many does no harm.
        """
        try:
            await self._in_thread(lambda: self._send(job_ids, queue), times=1 + len(job_ids) / _JOBS_IN_TIME)
        except UnavailableError:
            JOB_MESSAGES.labels("failed").inc(len(job_ids))
            raise

    async def length(self, queue: str) -> int:
        """Return how many messages wait for a worker. Raises UnavailableError."""

        def count() -> int:
            with self._connections.acquire(block=True, timeout=self._timeout) as connection:
                return int(connection.default_channel.queue_declare(queue=queue).message_count)

        return await self._in_thread(count)

    async def close(self) -> None:
        """Close the connections; a job that is being sent gets its time."""
        if sending := [asyncio.wrap_future(future) for future in tuple(self._sending)]:
            await asyncio.wait(sending, timeout=self._timeout)
        with suppress(UnavailableError):
            await self._in_thread(self._connections.force_close_all)
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._celery.close()

    def _send(self, job_ids: Sequence[int], queue: str) -> None:
        with self._connections.acquire(block=True, timeout=self._timeout) as connection:
            for job_id in job_ids:
                self._celery.send_task(
                    RUN_JOB,
                    args=(job_id,),
                    queue=queue,
                    priority=_AFTER_ALL_OTHERS if queue == LATER_QUEUE else None,
                    ignore_result=True,
                    connection=connection,
                    retry=False,
                )
        JOB_MESSAGES.labels("sent").inc(len(job_ids))

    async def _in_thread(self, call: Callable[[], Result], *, times: float = 1) -> Result:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._timeout * times):
                return await loop.run_in_executor(self._threads, call)
        # When a job is sent, Celery makes kombu's error of what Redis raises; asking for a length does not.
        except (OperationalError, RedisError, OSError) as error:
            raise UnavailableError("the job queue does not answer") from error


def broker_settings(settings: Settings) -> dict[str, Any]:
    """Return what the sender of jobs and the worker have to agree on, as Celery's settings."""
    return {
        "broker_url": settings.redis.url,
        "broker_use_ssl": tls_options(settings.redis) or None,
        "broker_transport_options": {
            # Our keys are told apart from others in the same Redis.
            "global_keyprefix": "vitte:jobs:",
            "visibility_timeout": settings.worker.visibility_timeout,
            "unacked_restore_interval": 5,
            # By default only every tenth look is a real one.
            "unacked_restore_throttle": 1,
            "socket_connect_timeout": settings.redis.timeout,
            # A worker waits for jobs without reading; whatever it reads is to come, or Redis is away.
            "socket_timeout": settings.redis.timeout,
        },
        "task_default_queue": QUEUE,
        "task_serializer": "json",
        "result_serializer": "json",
        "accept_content": ["json"],
        "task_ignore_result": True,
    }
