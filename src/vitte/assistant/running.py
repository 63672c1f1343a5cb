"""The answers that this process is making just now, within reach of whoever wants to stop one."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from vitte.core.errors import VitteError


class AnswerStoppedError(VitteError):
    """The person does not want the rest of the answer."""

    code = "stopped"
    status = 409
    text_key = "answer-stopped"


class RunningAnswer:
    """An answer in the making, to the question of `user_id` with this Telegram message id."""

    def __init__(self, user_id: int, question_message_id: int) -> None:
        self.user_id = user_id
        self.question_message_id = question_message_id
        self._is_stopped = False
        self._scope: asyncio.Timeout | None = None

    def stop(self) -> None:
        """End the block of `until_stopped` at once, or the one to come. Stopping twice is stopping once."""
        if self._is_stopped:
            return
        self._is_stopped = True
        if self._scope is not None:
            self._scope.reschedule(asyncio.get_running_loop().time())

    @asynccontextmanager
    async def until_stopped(self) -> AsyncIterator[None]:
        """Run the block to its end, or raise AnswerStoppedError where it is when the answer is stopped.

        A time-out without a time: asyncio's own way to end a piece of a task and not the task.
        """
        if self._is_stopped:
            raise AnswerStoppedError
        scope = asyncio.timeout(None)
        try:
            async with scope:
                self._scope = scope
                try:
                    yield
                finally:
                    self._scope = None
        except TimeoutError:
            if not scope.expired():
                raise
            raise AnswerStoppedError from None


class RunningAnswers:
    """All of this process."""

    def __init__(self) -> None:
        self._running: set[RunningAnswer] = set()

    @contextmanager
    def begin(self, user_id: int, question_message_id: int) -> Iterator[RunningAnswer]:
        """Have the answer within reach as long as the block runs."""
        running = RunningAnswer(user_id, question_message_id)
        self._running.add(running)
        try:
            yield running
        finally:
            self._running.discard(running)

    def stop(self, user_id: int, question_message_id: int) -> None:
        """Stop the answer to this question, if it is being made here."""
        for running in self._running:
            if (running.user_id, running.question_message_id) == (user_id, question_message_id):
                running.stop()

    @property
    def user_ids(self) -> set[int]:
        """Who is being answered."""
        return {running.user_id for running in self._running}
