"""Who may call Telegram now, and who has to wait: for all processes together, or for one."""

import asyncio
import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from redis.exceptions import NoScriptError

from vitte.clients.breaker import Breaker
from vitte.clients.channel import Channel, RedisAwayError
from vitte.clients.line import Line
from vitte.clients.telegram import scripts
from vitte.clients.telegram.cells import CallKind, Cell, cells_of, held_cells
from vitte.clients.telegram.lanes import Lane
from vitte.clients.telegram.metrics import SHARED_LIMITS_AWAY
from vitte.core.nursery import Nursery
from vitte.core.settings.outbound import OutboundSettings

_PREFIX = "vitte:telegram:"
_ALL_CHATS = ""
_KEEP = 10_000
"""Cells kept in a process before those that are long free are forgotten."""
_HELD = 0.03
"""Seconds for which a turn that was asked for before its call is good."""


@dataclass(frozen=True, slots=True)
class Grant:
    """The answer to a call that wants to go out.

    `granted`: the call may go out after `wait` seconds, and is booked. Otherwise nothing is booked, and it
    may ask again after `wait` seconds.
    """

    granted: bool
    wait: float


class LocalLimits:
    """The limits as one process sees them. The arithmetic is that of the Redis script."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._arrivals: dict[str, float] = {}
        self._pauses: dict[str, float] = {}
        self._calls: list[float] = []
        self._hits: dict[str, float] = {}

    def acquire(self, chat: str, cells: Sequence[Cell]) -> Grant:
        """Book a call, or say when to ask again."""
        now = self._clock()
        if (paused := self.paused(chat)) > 0:
            return Grant(granted=False, wait=paused)
        longest, booked = 0.0, {}
        for cell in cells:
            arrival = max(self._arrivals.get(cell.name, 0.0), now)
            if cell.counts:
                booked[cell.name] = min(arrival + cell.interval, now + cell.tolerance)
                continue
            wait = arrival - cell.tolerance - now
            if wait > cell.max_wait:
                return Grant(granted=False, wait=wait)
            longest = max(longest, wait)
            booked[cell.name] = arrival + cell.interval
        self._arrivals |= booked
        self._calls.append(now)
        self._forget(now)
        return Grant(granted=True, wait=longest)

    def paused(self, chat: str) -> float:
        """Return for how many seconds Telegram wants no call to this chat."""
        until = max(self._pauses.get(chat, 0.0), self._pauses.get(_ALL_CHATS, 0.0))
        return max(0.0, until - self._clock())

    def pause(self, chat: str, seconds: float) -> None:
        """Let no call to this chat out for so many seconds."""
        self._pauses[chat] = max(self._pauses.get(chat, 0.0), self._clock() + seconds)

    def report(self, chat: str, retry_after: float) -> bool:
        """Note that Telegram asked for a pause; tell whether it is one for all chats."""
        self.pause(chat, retry_after)
        now = self._clock()
        window = now - scripts.WINDOW
        self._hits = {name: at for name, at in self._hits.items() if at > window} | {chat: now}
        self._calls = [at for at in self._calls if at > window]
        if not scripts.concerns_all(hits=len(self._hits), calls=len(self._calls)):
            return False
        self.pause(_ALL_CHATS, retry_after)
        return True

    def _forget(self, now: float) -> None:
        if len(self._arrivals) > _KEEP:
            self._arrivals = {name: at for name, at in self._arrivals.items() if at > now}
        if len(self._pauses) > _KEEP:
            self._pauses = {name: until for name, until in self._pauses.items() if until > now}
        if len(self._calls) > _KEEP:
            self._calls = self._calls[-_KEEP // 2 :]


class _Script:
    """A script as Redis keeps it: under the digest of its source."""

    def __init__(self, source: str) -> None:
        self.source = source
        # https://redis.io/docs/latest/commands/evalsha/ : a name, and no protection of anything.
        self.digest = hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest()


_ACQUIRE, _PAUSED, _REPORT = map(_Script, (scripts.ACQUIRE, scripts.PAUSED, scripts.REPORT))


class RedisLimits:
    """The limits of all processes together: one round trip a call, and a few for a burst of calls.

    Raises RedisAwayError.
    """

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    async def acquire(self, chat: str, cells: Sequence[Cell]) -> Grant:
        """Book a call, or say when to ask again."""
        keys = [*self._common_keys(chat), *(f"{_PREFIX}{cell.name}" for cell in cells)]
        numbers = [
            number
            for cell in cells
            for number in (cell.interval, cell.tolerance, cell.max_wait, int(cell.counts))
        ]
        granted, wait = await self._run(_ACQUIRE, keys, numbers)
        return Grant(granted=bool(granted), wait=int(wait) / 1000)

    async def paused(self, chat: str) -> float:
        """Return for how many seconds Telegram wants no call to this chat."""
        milliseconds: int = await self._run(_PAUSED, self._common_keys(chat))
        return milliseconds / 1000

    async def report(self, chat: str, retry_after: float) -> bool:
        """Note that Telegram asked for a pause; tell whether it is one for all chats."""
        keys = [*self._common_keys(chat), f"{_PREFIX}hits"]
        return bool(await self._run(_REPORT, keys, [retry_after, chat]))

    async def _run(self, script: _Script, keys: list[str], args: Sequence[float | str] = ()) -> Any:
        try:
            return await self._channel.call("EVALSHA", script.digest, len(keys), *keys, *args)
        except NoScriptError:
            # Redis has begun anew, and keeps this one from now on.
            return await self._channel.call("EVAL", script.source, len(keys), *keys, *args)

    @staticmethod
    def _common_keys(chat: str) -> list[str]:
        return [f"{_PREFIX}pause", f"{_PREFIX}pause:{chat}", f"{_PREFIX}calls:"]


@dataclass(frozen=True, slots=True)
class _Foreseen:
    """A turn that was asked for before its call: for which chat and cells, when, and what came of it."""

    chat: str
    cells: Sequence[Cell]
    asked_at: float
    turn: asyncio.Task[Grant]


class Limits:
    """The shared limits, or the process's own while Redis is away: said once, and left by itself."""

    def __init__(
        self, line: Line, settings: OutboundSettings, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._line = line
        self._channel = Channel(
            line,
            timeout=settings.redis_timeout,
            breaker=Breaker(retry_after=settings.redis_retry),
            name="shared_limits",
            away=SHARED_LIMITS_AWAY,
        )
        self._shared = RedisLimits(self._channel)
        self._local = LocalLimits()
        self._foreseen: _Foreseen | None = None
        self._nursery = Nursery()

    def foresee(self, chat_id: int) -> None:
        """Ask for the turn of a message that this chat is about to get: with whatever is asked of Redis now.

        So an answer that is made at once costs no round trip of its own. The turn is good for a moment, and
        is booked as if the message went out at its end. Later, or for another call, it is asked for anew, and
        the chat has lost a second. So this is for what is as good as sure to be answered by one message, and
        does nothing while others are at work: they share their round trips anyway.
        """
        if self._line.is_busy:
            return
        cells = cells_of(CallKind.MESSAGE, Lane.INTERACTIVE, chat_id, self._settings)
        chat = str(chat_id)
        held = held_cells(cells, chat_id, seconds=_HELD)
        turn = self._nursery.start(self._acquire(chat, held), name="foreseen")
        self._foreseen = _Foreseen(chat, cells, self._clock(), turn)

    async def acquire(self, chat: str, cells: Sequence[Cell]) -> Grant:
        """Book a call, or say when to ask again."""
        foreseen = self._foreseen
        if foreseen is not None and foreseen.chat == chat:
            self._foreseen = None
            if cells == foreseen.cells:
                grant = await asyncio.shield(foreseen.turn)
                age = self._clock() - foreseen.asked_at
                if age < _HELD:
                    return replace(grant, wait=max(0.0, grant.wait - age))
        return await self._acquire(chat, cells)

    async def _acquire(self, chat: str, cells: Sequence[Cell]) -> Grant:
        try:
            return await self._shared.acquire(chat, cells)
        except RedisAwayError:
            return self._local.acquire(chat, cells)

    def known_pause(self, chat: str) -> float:
        """Return for how many seconds Telegram wants no call to this chat, as far as this process knows."""
        return self._local.paused(chat)

    async def paused(self, chat: str) -> float:
        """Return for how many seconds Telegram wants no call to this chat."""
        try:
            shared = await self._shared.paused(chat)
        except RedisAwayError:
            shared = 0.0
        return max(shared, self._local.paused(chat))

    async def report(self, chat: str, retry_after: float) -> bool:
        """Note that Telegram asked for a pause; tell whether it is one for all chats."""
        # In both: a pause is to be kept while Redis is told of it, and when Redis goes away in its middle.
        self._local.pause(chat, retry_after)
        try:
            concerns_all = await self._shared.report(chat, retry_after)
        except RedisAwayError:
            return self._local.report(chat, retry_after)
        # The process does not decide this by itself: it has not counted the calls that Redis granted.
        if concerns_all:
            self._local.pause(_ALL_CHATS, retry_after)
        return concerns_all

    async def close(self) -> None:
        """Stop what is under way."""
        await self._nursery.stop()
        await self._channel.close()
