"""More and more people, until it breaks; and what breaks first."""

from dataclasses import dataclass, replace

from bench.load.people import Habits
from bench.load.report import faults, lines
from bench.load.run import Load, Result, Say
from bench.load.stage import OUTSIDE, PRODUCT
from vitte.core.settings.backends import DatabaseSettings

SLOW = 3.0
"""Seconds to the first sign of life beyond which people think that nobody is there."""
_FULL = 0.9
"""Share of a core, or of all, from which on somebody waits for it."""
_GROWING, _MANY = 0.5, 100
"""Updates a second by which those that wait grow, and how many wait, when too many come in."""
_LATE = 0.25
"""Seconds by which the generator may be late, or slow the sandbox or the model."""
_REPLIES_A_SECOND = 90.0
"""Messages a second; at most 100 go out (VITTE_OUTBOUND__INTERACTIVE_RATE)."""
_AT_MOST = 8
_MANY_CORES = ("postgres", "worker")
_POOL = DatabaseSettings().pool_size


@dataclass(frozen=True, slots=True)
class Knee:
    """All steps, the last one the first that broke, and what is to be said of it."""

    results: list[Result]
    verdict: str


async def find_knee(load: Load, habits: Habits, *, say: Say) -> Knee:
    """Double the people until something breaks."""
    results: list[Result] = []
    verdict = "It never broke."
    for step in range(_AT_MOST):
        people = habits.people << step
        result = await load.run(replace(habits, people=people, seed=habits.seed + step))
        results.append(result)
        say("\n".join(["", *lines(result), ""]))
        if broken := what_broke(result):
            verdict = (
                f"{people} people: {'; '.join(broken)}. What holds it up: {'; '.join(what_is_full(result))}."
            )
            break
    say(verdict)
    return Knee(results, verdict)


def what_broke(result: Result) -> list[str]:
    """Return by what a run was one too much; empty when it was not."""
    broken = faults(result)
    if (first := result.waits["question: first sign of life"].p95) > SLOW:
        broken.append(f"the first sign of life comes after {first:.1f} s (p95)")
    if result.backlog_growth > _GROWING and result.backlog_peak > _MANY:
        broken.append(f"{result.backlog_growth:.1f} updates a second more come in than are begun")
    return broken


def what_is_full(result: Result) -> list[str]:
    """Return what has nothing left to give. The load's own parts come first: they make all else look slow."""
    found = []
    if result.late.p95 > _LATE:
        found.append(f"the generator is late by {result.late.p95:.2f} s (p95), so less was tried than meant")
    if result.sandbox_slow.p95 > _LATE:
        found.append(f"the sandbox takes {result.sandbox_slow.p95:.2f} s (p95) to take a message")
    if result.model_slow.p95 > _LATE:
        found.append(f"the scripted model is late by {result.model_slow.p95:.2f} s (p95)")
    for name, usage in result.usages.items():
        # The others are many processes, and may have many cores.
        if name not in _MANY_CORES and usage.cores + usage.waited >= _FULL:
            found.append(
                f"the {name} wants a whole core: it had {usage.cores:.2f} of one, "
                f"and waited {usage.waited:.0%} of the time for its turn"
            )
    if (used := result.usages["bot"].connections_used) >= _POOL * _FULL:
        found.append(f"the bot's connections to PostgreSQL: {used:.1f} of {_POOL} in use")
    if result.cores_busy >= result.cores * _FULL:
        ours, load = (
            sum(usage.cores for name, usage in result.usages.items() if name in names)
            for names in (PRODUCT, OUTSIDE)
        )
        others = max(0.0, result.cores_busy - ours - load)
        found.append(
            f"the machine: {result.cores_busy:.2f} of {result.cores:.0f} cores are busy, "
            f"{ours:.2f} with the product, {load:.2f} with the sandbox, the model and the generator, "
            f"{others:.2f} with others and the kernel"
        )
    if result.sent / result.seconds >= _REPLIES_A_SECOND:
        found.append("the limit of 100 answers a second to Telegram")
    return found or ["nothing that is measured; it waits for something"]
