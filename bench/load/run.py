"""One run: people are made, they write, everything is watched, and then judged."""

import asyncio
import re
import time
from collections.abc import Callable
from dataclasses import dataclass

import orjson

from bench.load.acquaintances import LANGUAGES, make_known
from bench.load.gauges import Gauges, Look, Usage, busy_cores, memories, slope, usages
from bench.load.judge import Verdict, Written, judge
from bench.load.people import Habits, plan
from bench.load.player import Player
from bench.load.sightings import Lines, Sightings
from bench.load.stage import OUTSIDE, PRODUCT, Stage
from bench.load.waits import Spread, measure
from vitte.core.nursery import Nursery

_LOOK_EVERY = 0.5
_AFTERMATH = 2.0
"""Seconds after the last answer in which a second one of it would come."""
_GIVE_UP_AFTER = 30.0
"""Seconds without any message after which no further answer is waited for."""
_TELL_EVERY = 30.0
_QUESTION = re.compile(r"q(\d+)\b")
_TAKEN, _TOO_MANY_REQUESTS = 200, 429
_STATES = "SELECT state, count(*) FROM inbox_updates GROUP BY state"

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a run has shown. Times are in seconds."""

    habits: Habits
    seconds: float
    """How long people wrote."""
    written: int
    sent: int
    """Messages of the bot while people wrote and after it."""
    calls: int
    """Calls of the bot to Telegram."""
    verdict: Verdict
    over_limits: int
    """Calls that Telegram refused with 429."""
    refused: dict[str, int]
    """Calls that were refused for any reason."""
    dead: int
    """Updates that were given up."""
    unhandled: int
    """Messages that were not handled at the end."""
    waits: dict[str, Spread]
    usages: dict[str, Usage]
    memory: dict[str, list[tuple[float, float]]]
    """MB of each process at each look, in seconds since the first."""
    cores_busy: float
    cores: float
    inbox_oldest: float
    """The greatest age of an update that was not done."""
    backlog_peak: int
    """The most updates that waited to be begun."""
    backlog_growth: float
    """Updates a second by which those that wait grew, over the second half."""
    late: Spread
    """How late the generator wrote."""
    sandbox_slow: Spread
    """How long the sandbox took to take a call of the generator's."""
    model_slow: Spread
    """What the model took beyond its time."""

    @property
    def is_clean(self) -> bool:
        """Whether every message got what it should, in order, and Telegram's limits were kept."""
        return self.verdict.is_clean and not (self.over_limits or self.dead or self.unhandled)


class Load:
    """Runs one after the other on a stage; each brings people of its own."""

    def __init__(self, stage: Stage, *, model_seconds: float, say: Say) -> None:
        self._stage = stage
        self._say = say
        self._model_seconds = model_seconds
        self._player = Player(stage)
        self._sightings = Sightings(stage.calls)
        self._answers = Lines(stage.answers)
        self._took: dict[int, float] = {}
        self._dead = 0

    @property
    def written(self) -> list[Written]:
        """What people have written so far, in all runs."""
        return self._player.written

    async def run(self, habits: Habits) -> Result:
        """Let people in who have `habits`, watch, and return what came of it."""
        people = await self._stage.sandbox.let_in(habits.people, languages=LANGUAGES)
        await make_known(self._stage.database, people[: habits.people - habits.newcomers])
        self._sightings.look()
        sent, calls = self._sightings.sent, self._sightings.calls.copy()
        planned = plan(habits)
        self._say(f"{habits.people} people are there; they write {len(planned)} messages")
        mine = len(self._player.written)
        gauges, nursery = Gauges(self._stage), Nursery()
        begun = time.monotonic()
        nursery.start(gauges.run(on_look=self._tell(begun, written=mine, sent=sent)), name="gauges")
        nursery.start(gauges.scrape(), name="scrape")
        nursery.start(self._follow(), name="follow")
        try:
            await self._player.play(planned, people)
            seconds = time.monotonic() - begun
        finally:
            await nursery.stop()
        looks = [*gauges.looks, await gauges.look()]
        unhandled, dead = await self._settle()
        written = self._player.written[mine:]
        chats = {person: self._sightings.chats[person] for person in people}
        waits = measure(written, chats, model_seconds=self._took)
        verdict = judge(written, {person: chat.sent for person, chat in chats.items()})
        calls = self._sightings.calls - calls
        busy, cores = busy_cores(looks)
        return Result(
            habits=habits,
            seconds=seconds,
            written=len(written),
            sent=self._sightings.sent - sent,
            calls=calls.total(),
            verdict=verdict,
            refused={f"{name} {status}": n for (name, status), n in calls.items() if status != _TAKEN},
            over_limits=sum(n for (_, status), n in calls.items() if status == _TOO_MANY_REQUESTS),
            dead=dead,
            unhandled=unhandled,
            waits=waits.spreads(),
            usages=usages(looks, [*PRODUCT, *OUTSIDE]),
            memory=memories(looks, PRODUCT),
            cores_busy=busy,
            cores=cores,
            inbox_oldest=max(look.inbox_oldest for look in looks),
            backlog_peak=max(look.inbox_waiting for look in looks),
            backlog_growth=slope([(look.at, look.inbox_waiting) for look in looks[len(looks) // 2 :]]),
            late=Spread.of(self._player.late),
            sandbox_slow=Spread.of(self._player.slow),
            model_slow=Spread.of(
                self._took[message.number] - self._model_seconds
                for message in written
                if message.number in self._took
            ),
        )

    async def _follow(self) -> None:
        """Read what the sandbox and the model have written, so that little is left at the end."""
        while True:
            self._look()
            await asyncio.sleep(_LOOK_EVERY)

    def _look(self) -> None:
        self._sightings.look()
        for line in self._answers.read():
            question, began, ended = orjson.loads(line)
            if found := _QUESTION.match(question):
                self._took[int(found.group(1))] = ended - began

    async def _settle(self) -> tuple[int, int]:
        """Wait until all is handled, or nothing moves any more; return what is not handled, and given up."""
        moved, seen = time.monotonic(), -1
        while True:
            self._look()
            states = {row[0]: row[1] for row in await self._stage.database.fetch(_STATES)}
            handled = states.get("done", 0) + states.get("dead", 0)
            if handled >= len(self._player.written):
                break
            if (progress := self._sightings.sent + handled) != seen:
                moved, seen = time.monotonic(), progress
            elif time.monotonic() - moved > _GIVE_UP_AFTER:
                break
            await asyncio.sleep(_LOOK_EVERY)
        await asyncio.sleep(_AFTERMATH)
        self._look()
        dead = states.get("dead", 0) - self._dead
        self._dead += dead
        return len(self._player.written) - handled, dead

    def _tell(self, begun: float, *, written: int, sent: int) -> Callable[[Look], None]:
        told = begun

        def tell(look: Look) -> None:
            nonlocal told
            if look.at - told >= _TELL_EVERY:
                told = look.at
                self._say(
                    f"{look.at - begun:4.0f} s: {len(self.written) - written} written, "
                    f"{self._sightings.sent - sent} messages of the bot, {look.inbox_open} open, "
                    f"the oldest for {look.inbox_oldest:.1f} s"
                )

        return tell
