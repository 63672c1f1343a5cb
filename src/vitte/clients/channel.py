"""A way to Redis for what has no time: one call at a time, with whatever came up during the one before."""

import asyncio
import time
from types import TracebackType
from typing import Any

import structlog
from prometheus_client import Gauge
from redis.exceptions import NoScriptError, RedisError, ResponseError

from vitte.clients.breaker import Breaker
from vitte.clients.line import Line
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
    waiting for ten of them and then counting as failures. Several channels may share a line. Whoever waits
    when Redis does not answer within `timeout` seconds waits no longer. That it is away is said once, as
    `name`_away, and by 1 in `away`.
    """

    def __init__(self, line: Line, *, timeout: float, breaker: Breaker, name: str, away: Gauge) -> None:
        self._line = line
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
                answers = await self._send([command for command, _ in group])
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
            self._waiting = []

    async def _send(self, commands: list[tuple[Any, ...]]) -> list[Any] | Exception:
        """Return the answers, or why there are none."""
        try:
            with _Patience(self._timeout):
                answers = await self._line.run(commands)
        except (RedisError, OSError, TimeoutError, RuntimeError) as error:
            return error
        errors = [answer for answer in answers if isinstance(answer, Exception)]
        if len(errors) == len(answers) and not all(_concerns_one_command(error) for error in errors):
            # It answers, and takes nothing: still loading, read-only, or full of what must not go.
            return errors[0]
        return answers

    def _note_failure(self, error: Exception) -> None:
        if self._breaker.note_failure():
            self._away.set(1)
            logger.warning(self._away_event, reason=type(error).__name__)

    def _note_success(self) -> None:
        if self._breaker.note_success():
            self._away.set(0)
            logger.info(self._back_event)


class _Patience:
    """`asyncio.timeout`, but for time in which the loop was held up, and nobody could be heard."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._waits = 0
        self._is_over = False

    def __enter__(self) -> None:
        self._loop = asyncio.get_running_loop()
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - whoever awaits is a task
        self._task = task
        self._wait()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        if self._is_over and self._task.uncancel() == 0 and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def _wait(self) -> None:
        self._waits += 1
        self._timer = self._loop.call_later(self._seconds, self._look, time.monotonic())

    def _look(self, begun: float) -> None:
        was_held_up = time.monotonic() - begun > self._seconds * _BUSY
        if was_held_up and self._waits < _MOST_WAITS:
            # This process was busy, and sees its clock before the answer that may have come meanwhile.
            self._wait()
        else:
            self._is_over = True
            self._task.cancel()


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
