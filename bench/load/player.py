"""Writes what is planned when it is due, whether earlier messages were answered or not."""

import asyncio
import time
from collections.abc import Sequence
from itertools import count

from bench.load.judge import Written
from bench.load.people import Planned, text_of
from bench.load.stage import BOT_ID, Stage

_TICK = 0.02
"""Seconds: what is due within one goes to the sandbox by one call."""


class Player:
    """Plays people. `written` is what was written so far."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._numbers = count(1)
        self.written: list[Written] = []
        self.late: list[float] = []
        """Seconds by which each message of the last plan was written too late: no fault of the bot."""
        self.slow: list[float] = []
        """Seconds that each call to the sandbox took."""

    async def play(self, planned: Sequence[Planned], people: Sequence[int]) -> None:
        """Write all of it; `people` are ids at Telegram, by index."""
        self.late, self.slow = [], []
        begun, position = time.monotonic(), 0
        while position < len(planned):
            now = time.monotonic() - begun
            end = position
            while end < len(planned) and planned[end].due <= now:
                end += 1
            if end > position:
                await self._write(planned[position:end], people)
                self.late += [now - message.due for message in planned[position:end]]
                position = end
            self._stage.check()
            await asyncio.sleep(_TICK)

    async def _write(self, planned: Sequence[Planned], people: Sequence[int]) -> None:
        numbers = [next(self._numbers) for _ in planned]
        at = time.time()
        ids = await self._stage.sandbox.write(
            [
                (people[message.person], text_of(message.kind, number))
                for message, number in zip(planned, numbers, strict=True)
            ],
            bot_id=BOT_ID,
        )
        self.slow.append(time.time() - at)
        for message, number, message_id in zip(planned, numbers, ids, strict=True):
            self.written.append(Written(number, people[message.person], message_id, message.kind, at))
