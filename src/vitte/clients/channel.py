"""A way to Redis for what has no time: one call at a time, with whatever came up during the one before."""

import asyncio
import time
from typing import Any

import structlog
from prometheus_client import Gauge
from redis.asyncio import Redis
from redis.exceptions import NoScriptError, RedisError, ResponseError

from vitte.clients.breaker import Breaker
from vitte.core.nursery import Nursery

logger = structlog.get_logger(__name__)

_MOST_TOGETHER = 200
_MOST_WAITS = 10
_BUSY = 1.2
"""Times the time-out after which the loop was held up, and not Redis."""


class RedisAwayError(Exception):
    """Redis did not answer in time; or it was not asked, because it did not do so before."""

    def __init__(self, reason: str, *, was_asked: bool = True) -> None:
        super().__init__(reason)
        self.was_asked = was_asked


class Channel:
    """Sends commands to Redis in groups, in the order in which they came up. Raises RedisAwayError.

    A lone command goes out at once. In a burst hundreds share a few round trips on one connection, instead of
    waiting for ten of them and then counting as failures. Whoever waits when Redis does not answer within
    `timeout` seconds waits no longer. That it is away is said once, as `name`_away, and by 1 in `away`.
    """

    def __init__(self, redis: Redis, *, timeout: float, breaker: Breaker, name: str, away: Gauge) -> None:
        self._redis = redis
        self._timeout = timeout
        self._breaker = breaker
        self._name = name
        self._away_event, self._back_event = f"{name}_away", f"{name}_back"
        self._away = away
        self._waiting: list[tuple[tuple[Any, ...], asyncio.Future[Any]]] = []
        self._is_sending = False
        self._nursery = Nursery()

    async def call(self, *command: Any, even_if_open: bool = False) -> Any:
        """Send a command and return its answer: bytes, a number or None.

        Raises ResponseError when Redis refuses this command alone.
        """
        if self._breaker.is_open() and not even_if_open:
            raise RedisAwayError("the breaker is open", was_asked=False)
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.append((command, future))
        if not self._is_sending:
            self._is_sending = True
            self._nursery.start(self._send_all(), name=self._name)
        return await future

    async def close(self) -> None:
        """Stop what is under way."""
        await self._nursery.stop()

    async def _send_all(self) -> None:
        group: list[tuple[tuple[Any, ...], asyncio.Future[Any]]] = []
        try:
            while self._waiting:
                group, self._waiting = self._waiting[:_MOST_TOGETHER], self._waiting[_MOST_TOGETHER:]
                answers = await self._send_in_time([command for command, _ in group])
                if isinstance(answers, Exception):
                    self._note_failure(answers)
                    group += self._waiting
                    self._waiting = []
                    _reject(group, type(answers).__name__)
                else:
                    self._note_success()
                    _resolve(group, answers)
        finally:
            self._is_sending = False
            # The end of the process: nobody shall wait for ever.
            _reject([*group, *self._waiting], "closed")

    async def _send_in_time(self, commands: list[tuple[Any, ...]]) -> list[Any] | Exception:
        sending = self._nursery.start(self._send(commands), name=f"{self._name}_commands")
        for _ in range(_MOST_WAITS):
            begun = time.monotonic()
            await asyncio.wait({sending}, timeout=self._timeout)
            if sending.done():
                answers: list[Any] | Exception = sending.result()
                return answers
            if time.monotonic() - begun < self._timeout * _BUSY:
                break
            # This process was busy, and sees its clock before the answer that may have come meanwhile.
        sending.cancel()
        return TimeoutError()

    async def _send(self, commands: list[tuple[Any, ...]]) -> list[Any] | Exception:
        """Return the answers, or why there are none."""
        pipeline = self._redis.pipeline(transaction=False)
        for command in commands:
            # The answers are taken as they are: an old value, not whether it was set.
            pipeline.execute_command(*command, get=True)
        try:
            answers = await pipeline.execute(raise_on_error=False)
        except (RedisError, OSError, TimeoutError) as error:
            return error
        errors = [answer for answer in answers if isinstance(answer, Exception)]
        if len(errors) == len(answers) and not all(_concerns_one_command(error) for error in errors):
            # It answers, and takes nothing: still loading, read-only, or full of what must not go.
            return errors[0]
        return list(answers)

    def _note_failure(self, error: Exception) -> None:
        if self._breaker.note_failure():
            self._away.set(1)
            logger.warning(self._away_event, reason=type(error).__name__)

    def _note_success(self) -> None:
        if self._breaker.note_success():
            self._away.set(0)
            logger.info(self._back_event)


def _concerns_one_command(error: Exception) -> bool:
    return isinstance(error, NoScriptError) or (
        isinstance(error, ResponseError) and str(error).startswith("WRONGTYPE")
    )


def _resolve(group: list[tuple[tuple[Any, ...], asyncio.Future[Any]]], answers: list[Any]) -> None:
    for (_, future), answer in zip(group, answers, strict=True):
        if future.done():
            continue
        if isinstance(answer, Exception):
            future.set_exception(answer if _concerns_one_command(answer) else RedisAwayError(str(answer)))
        else:
            future.set_result(answer)


def _reject(group: list[tuple[tuple[Any, ...], asyncio.Future[Any]]], reason: str) -> None:
    for _, future in group:
        if not future.done():
            future.set_exception(RedisAwayError(reason))
