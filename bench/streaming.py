"""What a streamed answer costs, and how much later than the model's own words people see it.

A model of realistic speed answers many people, who ask one after the other; as soon as an answer ends the
next begins, so that as many are under way all the time. Beside the bot, in the same run and in turn with it,
the same answers are read by the least that can read them: a loop over the lines of the model's stream, in a
process of its own, and nothing else.
"""

import argparse
import asyncio
import itertools
import json
import sys
import time
from collections import defaultdict
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from bench.load.waits import Spread
from bench.outside import ANSWER_TOKENS, FIRST_TOKEN, TOKENS_PER_SECOND
from bench.stand import RunningBot, Stand, standing
from bench.update_cost import Answers, let_people_in, listening, message_of
from vitte.core.logging import configure_logging

MODEL_SECONDS = FIRST_TOKEN + (ANSWER_TOKENS - 1) / TOKENS_PER_SECOND
"""What the model itself takes for an answer."""
_SETTLE_SECONDS = 3.0
"""Until a chat may get its next messages."""
_TIMES_OVER = 3
"""How many answers a round has, for each of those that are under way at a time."""
_CALLS = ("sendChatAction", "sendMessageDraft", "sendMessage")


@dataclass(frozen=True, slots=True, kw_only=True)
class Streaming:
    """Milliseconds of CPU an answer; seconds from a question to what its person sees, at p50, p95 and p99."""

    at_once: int
    answers: int
    reader_cpu_ms: float
    """Of the thin reader."""
    cpu_ms: float
    ratio: float
    model_first: float
    model_full: float
    sign_of_life: tuple[float, float, float]
    first_content: tuple[float, float, float]
    full_answer: tuple[float, float, float]
    drafts: float
    """An answer."""
    least_gap: float | None
    """Least time between two drafts in a chat, if there were two."""
    refused: int
    """Calls that Telegram refused because they were too many."""


async def measure(*, at_once: int, rounds: int) -> Streaming:
    """Set everything up, measure, and take it down again."""
    async with standing(["product"], true_to_life=True) as stand, listening(stand) as answers:
        # More than are answered at a time: nobody asks before they have their answer.
        people = await let_people_in(stand, answers, at_once + at_once // 2)
        (bot,) = stand.bots
        await asyncio.sleep(_SETTLE_SECONDS)
        # Everybody has a dialog.
        pace, asked = MODEL_SECONDS / at_once, _TIMES_OVER * at_once
        await _ask(stand, bot, answers, people, count=len(people), pace=pace)
        idle = await _idle_cpu(bot)
        reader_cpu, cpu, calls = [], [], list[dict[str, Any]]()
        for _ in range(rounds):
            reader_cpu.append(await _read_thinly(stand.model_port, asked, pace))
            before, begun = (await bot.meter.read()).cpu_ms, time.monotonic()
            calls += await _ask(stand, bot, answers, people, count=asked, pace=pace)
            used = (await bot.meter.read()).cpu_ms - before - idle * (time.monotonic() - begun)
            cpu.append(used / asked)
        return _result(calls, at_once, median(reader_cpu), median(cpu))


async def _ask(
    stand: Stand, bot: RunningBot, answers: Answers, people: list[int], *, count: int, pace: float
) -> list[dict[str, Any]]:
    """Let people ask one after the other, so many times and so many seconds apart.

    Returns the calls that followed, each with when its person had `asked`.
    """
    seen = max(call["seq"] for call in await stand.sandbox.calls(bot_id=bot.bot_id))
    asked = defaultdict[int, list[float]](list)

    async def ask() -> None:
        begun = asyncio.get_running_loop().time()
        for index, person in enumerate(itertools.islice(itertools.cycle(people), count)):
            await asyncio.sleep(begun + index * pace - asyncio.get_running_loop().time())
            asked[person].append(time.time())
            await stand.sandbox.inject([message_of(person, "What do you say?")], bot_id=bot.bot_id)

    await asyncio.gather(ask(), answers.wait(bot.bot_id, count))
    await asyncio.sleep(_SETTLE_SECONDS)
    calls = []
    for method in _CALLS:
        calls += await stand.sandbox.calls(method=method, bot_id=bot.bot_id, after=seen)
    return [
        {**call, "asked": max(at for at in asked[call["params"]["chat_id"]] if at <= call["ts"])}
        for call in calls
    ]


async def _idle_cpu(bot: RunningBot) -> float:
    before = (await bot.meter.read()).cpu_ms
    await asyncio.sleep(_SETTLE_SECONDS)
    return ((await bot.meter.read()).cpu_ms - before) / _SETTLE_SECONDS


async def _read_thinly(port: int, count: int, pace: float) -> float:
    """Return the milliseconds of CPU that an answer costs the thin reader."""
    reader = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.reader", str(port), str(count), str(pace), stdout=asyncio.subprocess.PIPE
    )
    said, _ = await reader.communicate()
    if reader.returncode:
        raise RuntimeError("the thin reader failed")
    return float(said)


def _result(calls: list[dict[str, Any]], at_once: int, reader_cpu: float, cpu: float) -> Streaming:
    # Of every answer, told by its chat and when it was asked for.
    seen: dict[tuple[int, float], dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for call in calls:
        answer = seen[call["params"]["chat_id"], call["asked"]]
        answer[call["method"]].append(call["ts"] - call["asked"])
    first = [min(itertools.chain(*by_method.values())) for by_method in seen.values()]
    content = [min(one["sendMessageDraft"]) for one in seen.values()]
    full = [max(one["sendMessage"]) for one in seen.values()]
    gaps = [
        later - earlier
        for one in seen.values()
        for earlier, later in itertools.pairwise(sorted(one["sendMessageDraft"]))
    ]
    return Streaming(
        at_once=at_once,
        answers=len(full),
        reader_cpu_ms=reader_cpu,
        cpu_ms=cpu,
        ratio=cpu / reader_cpu,
        model_first=FIRST_TOKEN,
        model_full=MODEL_SECONDS,
        sign_of_life=_percentiles(first),
        first_content=_percentiles(content),
        full_answer=_percentiles(full),
        drafts=sum(len(one["sendMessageDraft"]) for one in seen.values()) / len(full),
        least_gap=min(gaps, default=None),
        refused=sum(call["error_code"] == 429 for call in calls if call.get("error_code")),
    )


def _percentiles(seconds: list[float]) -> tuple[float, float, float]:
    spread = Spread.of(seconds)
    return spread.p50, spread.p95, spread.p99


def table(found: Streaming) -> list[str]:
    """Return the lines of the table."""

    def times(name: str, seconds: tuple[float, float, float], model: float | None) -> str:
        shown = "  ".join(f"{one:6.3f}" for one in seconds)
        return f"{name:<16}  {shown}  {'' if model is None else f'{model:6.3f}'}".rstrip()

    return [
        f"{found.answers} answers of {ANSWER_TOKENS} tokens, {found.at_once} under way at a time",
        f"CPU ms an answer: {found.cpu_ms:.2f}, thin reader {found.reader_cpu_ms:.2f}: {found.ratio:.2f}",
        f"drafts an answer: {found.drafts:.1f}, {found.least_gap or 0:.3f} s apart; refused: {found.refused}",
        f"{'seconds to':<16}  {'p50':>6}  {'p95':>6}  {'p99':>6}  {'model':>6}",
        times("a sign of life", found.sign_of_life, None),
        times("the first words", found.first_content, found.model_first),
        times("the full answer", found.full_answer, found.model_full),
    ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--at-once", type=int, default=40)
    parser.add_argument("--json", type=Path, help="write the result to this file too")
    options = parser.parse_args()
    configure_logging(process="bench", level="WARNING")
    found = asyncio.run(measure(at_once=options.at_once, rounds=options.rounds))
    print("\n".join(table(found)))
    if options.json:
        options.json.write_text(json.dumps(asdict(found), indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
