"""What an update costs: with the inbox and the cache, without either, and next to a bot that only echoes.

`make bench`. The bots take turns, round by round, so that what else the machine does meets them alike; what
is printed are medians over the rounds, and percentiles of the waits in all of them.
"""

import argparse
import asyncio
import itertools
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, astuple, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import aiohttp
import orjson

from bench.load.waits import Spread
from bench.meters import Usage
from bench.stand import ECHO, ECHOES, RunningBot, Stand, standing
from bench.tables import aligned
from vitte.core.logging import configure_logging
from vitte.core.nursery import Nursery

NEW = "/start, new"
TEXTS = {
    "/start": "/start",
    "/help": "/help",
    "/status": "/status",
    "question": "How are you?",
    # Of people whom the bot has never met.
    NEW: "/start",
}
MODES = ("alone", "at once")
_IDLE_SECONDS = 2.0
_FORGOTTEN_AFTER = 1.0
"""Seconds for which a process may know somebody without asking anybody."""
_PATIENCE = 120.0
# Far from those that the sandbox gives itself.
_message_ids = itertools.count(10_000_000)


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is measured: rounds, updates one at a time, and updates at once, each of a person's own.

    Of those at once so many `bursts` follow each other, all but those of people who are new to the bot. A bot
    gets `settle` seconds to come to rest.
    """

    rounds: int = 3
    alone: int = 20
    at_once: int = 150
    bursts: int = 5
    settle: float = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What one update costs a bot; amounts are those of `Usage`, latencies in milliseconds."""

    bot: str
    update: str
    mode: str
    cpu_ms: float
    cpu_ratio: float
    """To the echo bot's."""
    statements: float
    begins: float
    commits: float
    rollbacks: float
    redis: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    p99_ratio: float
    """To the echo bot's."""
    per_second: float


@dataclass(frozen=True, slots=True)
class Sample:
    """One bot, one kind of update, one round. Latencies in seconds."""

    usage: Usage
    latencies: list[float]
    seconds: float


class Answers:
    """Counts the messages that bots send, as they come."""

    def __init__(self) -> None:
        self._senders = asyncio.Queue[int]()

    async def listen(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """Hear all that is sent, all the time: the sandbox hangs up on whoever does not."""
        async for event in socket:
            told = orjson.loads(event.data)
            if told["type"] == "message" and told["message"]["from_bot"]:
                self._senders.put_nowait(told["bot_id"])

    async def wait(self, bot_id: int, count: int) -> None:
        """Return when the bot has sent `count` further messages. Raises RuntimeError when it does not."""
        try:
            async with asyncio.timeout(_PATIENCE):
                while count:
                    count -= await self._senders.get() == bot_id
        except TimeoutError:
            raise RuntimeError(f"bot {bot_id} still owes {count} answers") from None


class Bench:
    """Measures the bots of a stand."""

    def __init__(self, stand: Stand, answers: Answers, people: list[int], scale: Scale) -> None:
        self._sandbox = stand.sandbox
        self._bots = stand.bots
        self._answers = answers
        self._people = people
        self._scale = scale
        self._idle: dict[str, Usage] = {}
        self._seq = 0

    async def run(self) -> list[Row]:
        """Return a row of each bot, kind of update and mode."""
        for bot in self._bots:
            # Everybody is known, has a dialog, and has been everywhere once.
            await self._make_known(bot)
            self._idle[bot.name] = await self._usage_when_idle(bot)
        samples: dict[tuple[str, str, str], list[Sample]] = {}
        for _, kind, mode, bot in itertools.product(range(self._scale.rounds), TEXTS, MODES, self._bots):
            samples.setdefault((bot.name, kind, mode), []).append(await self._measure(bot, kind, mode))
        return [
            _row(bot, kind, mode, found, echo=samples[ECHO, kind, mode])
            for (bot, kind, mode), found in sorted(samples.items(), key=lambda item: item[0][1:])
        ]

    async def _make_known(self, bot: RunningBot) -> None:
        for text in TEXTS.values():
            await self._send(bot, [(person, text) for person in self._people])

    async def _measure(self, bot: RunningBot, kind: str, mode: str) -> Sample:
        if kind != NEW:
            return await self._measure_known(bot, kind, mode)
        await bot.forget_people()
        await asyncio.sleep(_FORGOTTEN_AFTER)
        sample = await self._measure_known(bot, kind, mode)
        await self._make_known(bot)
        return sample

    async def _measure_known(self, bot: RunningBot, kind: str, mode: str) -> Sample:
        size = self._scale.alone if mode == "alone" else self._scale.at_once
        asked = [(person, TEXTS[kind]) for person in itertools.islice(itertools.cycle(self._people), size)]
        batches = [[one] for one in asked]
        if mode == "at once":
            # Who is new is so once; to the echo bots nobody is, and it is the same work as before.
            is_once = kind == NEW and bot.name not in ECHOES
            batches = [asked] * (1 if is_once else self._scale.bursts)
        # What the round before has left to be done is not this one's.
        await asyncio.sleep(self._scale.settle)
        before, begun = await bot.meter.read(), time.monotonic()
        latencies: list[float] = []
        answering = 0.0
        for batch in batches:
            found = await self._send(bot, batch)
            answering += max(found)
            latencies += found
        seconds = time.monotonic() - begun
        await asyncio.sleep(self._scale.settle)
        used = (await bot.meter.read()).minus(before)
        idle = self._idle[bot.name]
        return Sample(
            used.minus(idle, times=seconds + self._scale.settle).over(len(latencies)), latencies, answering
        )

    async def _send(self, bot: RunningBot, asked: list[tuple[int, str]]) -> list[float]:
        """Bring updates to a bot; return the seconds from there to each answer."""
        updates = [message_of(person, text) for person, text in asked]
        begun = time.time()
        await self._sandbox.inject(updates, bot_id=bot.bot_id)
        await self._answers.wait(bot.bot_id, len(asked))
        calls = await self._sandbox.calls(method="sendMessage", bot_id=bot.bot_id, after=self._seq)
        self._seq = max(call["seq"] for call in calls)
        return [call["ts"] - begun for call in calls]

    async def _usage_when_idle(self, bot: RunningBot) -> Usage:
        """Return what the bot uses in a second in which nobody wants anything."""
        await asyncio.sleep(self._scale.settle)
        before = await bot.meter.read()
        await asyncio.sleep(_IDLE_SECONDS)
        return (await bot.meter.read()).minus(before).over(_IDLE_SECONDS)


def _row(bot: str, kind: str, mode: str, samples: list[Sample], *, echo: list[Sample]) -> Row:
    usage, waits = _medians(samples), _waits(samples)
    return Row(
        bot=bot,
        update=kind,
        mode=mode,
        cpu_ratio=usage.cpu_ms / _medians(echo).cpu_ms,
        p50_ms=waits.p50 * 1000,
        p95_ms=waits.p95 * 1000,
        p99_ms=waits.p99 * 1000,
        p99_ratio=waits.p99 / _waits(echo).p99,
        per_second=median(len(sample.latencies) / sample.seconds for sample in samples),
        **asdict(usage),
    )


def _medians(samples: list[Sample]) -> Usage:
    return Usage(
        *(median(amounts) for amounts in zip(*(astuple(sample.usage) for sample in samples), strict=True))
    )


def _waits(samples: list[Sample]) -> Spread:
    """Return the spread of all rounds together: one alone has too few updates for its slowest hundredth."""
    return Spread.of(itertools.chain.from_iterable(sample.latencies for sample in samples))


def message_of(person: int, text: str) -> dict[str, Any]:
    """Return an update by which a person says something."""
    who = {"id": person, "first_name": "Person", "language_code": "en"}
    message = {
        "message_id": next(_message_ids),
        "date": int(time.time()),
        "chat": {"id": person, "first_name": "Person", "type": "private"},
        "from": {**who, "is_bot": False},
        "text": text,
    }
    if text.startswith("/"):
        message["entities"] = [{"type": "bot_command", "offset": 0, "length": len(text)}]
    return {"message": message}


@asynccontextmanager
async def listening(stand: Stand) -> AsyncIterator[Answers]:
    """Hear of what the bots of the stand send."""
    async with stand.sandbox.session.ws_connect(
        f"{stand.sandbox.base_url}/sandbox/events", max_msg_size=0
    ) as socket:
        answers, nursery = Answers(), Nursery()
        nursery.start(answers.listen(socket), name="listen")
        yield answers
        await nursery.stop()


async def let_people_in(stand: Stand, answers: Answers, count: int) -> list[int]:
    """Make people who have opened a chat with every bot."""
    people = [await stand.sandbox.person("Person", listen=False) for _ in range(count)]
    for bot in stand.bots:
        for person in people:
            await person.with_bot(bot.bot_id).send("/start")
        await answers.wait(bot.bot_id, count)
    return [person.id for person in people]


async def measure(scale: Scale) -> list[Row]:
    """Set everything up, measure, and take it down again."""
    async with standing() as stand, listening(stand) as answers:
        people = await let_people_in(stand, answers, scale.at_once)
        return await Bench(stand, answers, people, scale).run()


def table(rows: list[Row]) -> list[str]:
    """Return the lines of the table."""
    head = [
        "update", "mode", "bot", "CPU ms", "ratio", "SQL", "BEGIN", "COMMIT", "ROLLBACK", "Redis",
        "p50 ms", "p95 ms", "p99 ms", "p99 ratio", "updates/s",
    ]  # fmt: skip
    lines = [head]
    for row in rows:
        amounts = (
            row.cpu_ms,
            row.cpu_ratio,
            row.statements,
            row.begins,
            row.commits,
            row.rollbacks,
            row.redis,
        )
        waits = (row.p50_ms, row.p95_ms, row.p99_ms)
        lines.append(
            [row.update, row.mode, row.bot]
            + [f"{max(0.0, amount):.2f}" for amount in amounts]
            + [f"{one:.0f}" for one in waits]
            + [f"{row.p99_ratio:.2f}", f"{row.per_second:.0f}"]
        )
    return aligned(lines, names=3)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    scale = Scale()
    parser.add_argument("--rounds", type=int, default=scale.rounds)
    parser.add_argument("--alone", type=int, default=scale.alone, help="updates one at a time, in a round")
    parser.add_argument("--at-once", type=int, default=scale.at_once, help="updates at once, in a round")
    parser.add_argument("--json", type=Path, help="write the rows to this file too")
    options = parser.parse_args()
    configure_logging(process="bench", level="WARNING")
    rows = asyncio.run(measure(Scale(options.rounds, options.alone, options.at_once)))
    print("\n".join(table(rows)))
    if options.json:
        options.json.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
