"""What a run says: tables for people, JSON for machines, and what is wrong."""

from dataclasses import asdict
from typing import Any

from bench.load.gauges import Usage
from bench.load.run import Result
from bench.load.stage import OUTSIDE
from bench.tables import aligned

CEILINGS = {
    "bot": 768,
    "api": 512,
    "worker": 768,
    "beat": 128,
    "admin": 256,
    "postgres": 1536,
    "redis": 768,
}
"""MB that `compose.yaml` gives the container of each."""
_COLUMNS = (
    "process", "CPU s", "cores", "most", "waited", "MB most", "end", "of", "MB/min", "memory",
    "files", "connections", "in use",
)  # fmt: skip
_STEADY = 0.1
"""MB a minute: less would take days to fill a container."""
_LONG_ENOUGH, _TELLING = 300.0, 1800.0
"""Seconds of a run: in one shorter than the first what is filled once looks like growth; in one as long as
the second what still grows may be taken to go on."""


def faults(result: Result) -> list[str]:
    """Return what is wrong, in words; empty when nothing is."""
    verdict = result.verdict
    counts = {
        "lost": verdict.lost,
        "doubled": verdict.doubled,
        "chats out of order": verdict.disordered,
        "apologies or broken answers": verdict.apologies,
        "calls beyond Telegram's limits": result.over_limits,
        "given up": result.dead,
        "not handled": result.unhandled,
    }
    return [f"{count} {what}" for what, count in counts.items() if count]


def as_json(result: Result) -> dict[str, Any]:
    """Return all figures."""
    return {**asdict(result), "faults": faults(result)}


def lines(result: Result) -> list[str]:
    """Return the report, line by line."""
    habits, verdict = result.habits, result.verdict
    ours = sum(usage.cores for usage in result.usages.values())
    head = f"""
{habits.people} people, {habits.newcomers} of them new, wrote {result.written} messages \
in {result.seconds:.0f} s: {result.written / result.seconds:.1f} a second
the bot made {result.calls} calls, {result.calls / result.seconds:.0f} a second; {result.sent} were messages
lost {verdict.lost}, doubled {verdict.doubled}, chats out of order {verdict.disordered}, \
broken {verdict.apologies}, given up {result.dead}, not handled {result.unhandled}, \
beyond Telegram's limits {result.over_limits}
stops that came too late: {verdict.late_stops}
inbox: oldest open update {result.inbox_oldest:.1f} s, at most {result.backlog_peak} waited to be begun, \
growing by {result.backlog_growth:.2f} a second
machine: {result.cores_busy:.2f} of {result.cores:.0f} cores busy, {ours:.2f} of it by these processes
""".strip().split("\n")
    if refused := {call: count for call, count in result.refused.items() if not call.endswith("429")}:
        head.append(f"refused: {refused}")
    return [*head, "", *_waits(result), "", *_usages(result), *map("  ".__add__, verdict.examples)]


def _waits(result: Result) -> list[str]:
    rows = [["seconds", "count", "p50", "p95", "p99", "worst"]]
    spreads = {
        **result.waits,
        "generator: written late": result.late,
        "sandbox: taking messages": result.sandbox_slow,
        "model: beyond its time": result.model_slow,
    }
    for name, spread in spreads.items():
        figures = (spread.p50, spread.p95, spread.p99, spread.worst)
        rows.append([name, str(spread.count), *(f"{figure:.3f}" for figure in figures)])
    return aligned(rows)


def _usages(result: Result) -> list[str]:
    rows = [list(_COLUMNS)]
    for name, usage in result.usages.items():
        is_ours = name not in OUTSIDE
        rows.append(
            [
                name,
                f"{usage.cpu:.0f}",
                f"{usage.cores:.2f}",
                f"{usage.cores_peak:.2f}",
                f"{usage.waited:.0%}",
                f"{usage.memory_peak:.0f}",
                f"{usage.memory_end:.0f}",
                str(CEILINGS[name]) if is_ours else "",
                f"{usage.growth:.2f}",
                memory_verdict(name, usage, seconds=result.seconds) if is_ours else "",
                str(usage.files_peak),
                str(usage.connections_peak) if is_ours else "",
                f"{usage.connections_used:.1f}" if is_ours else "",
            ]
        )
    return aligned(rows)


def memory_verdict(name: str, usage: Usage, *, seconds: float) -> str:
    """Return what the memory of a process that ran for so long says, in words."""
    left = CEILINGS[name] - usage.memory_peak
    if left < 0:
        return "over its limit"
    if seconds < _LONG_ENOUGH:
        return "too short"
    if usage.growth < _STEADY:
        return "steady"
    if seconds < _TELLING:
        return "grows"
    return f"full in {left / usage.growth / 60:.0f} h"
