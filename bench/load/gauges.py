"""Looks at all processes, PostgreSQL and the machine, again and again while people write."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import fmean

import aiohttp

from bench.load.machine import Cores, Family, read_cores, read_families
from bench.load.stage import Stage

LOOK_EVERY = 5.0
"""Seconds. A look costs 50 ms of CPU."""
_SCRAPE_EVERY = 15.0
"""Seconds, as in `deploy/prometheus/prometheus.yml`."""

_CONNECTIONS = """
    SELECT application_name, count(*), count(*) FILTER (WHERE state <> 'idle') FROM pg_stat_activity
    WHERE backend_type = 'client backend' AND application_name <> 'bench' GROUP BY 1
"""
_INBOX = """
    SELECT count(*) AS open, coalesce(extract(epoch FROM now() - min(received_at)), 0)::float AS oldest,
        count(*) FILTER (WHERE leased_until IS NULL)::int AS waiting
    FROM inbox_updates WHERE state = 'open'
"""


@dataclass(frozen=True, slots=True)
class Look:
    """What there was at one moment; `at` is monotonic."""

    at: float
    families: dict[str, Family]
    cores: Cores
    connections: Counter[str]
    """To PostgreSQL, by who has them."""
    connections_used: Counter[str]
    """Those in the middle of a transaction."""
    inbox_open: int
    inbox_waiting: int
    """Those that nobody has begun to handle."""
    inbox_oldest: float
    """Seconds since the oldest open update was stored."""


@dataclass(slots=True)
class Gauges:
    """All looks of a run, oldest first."""

    stage: Stage
    looks: list[Look] = field(default_factory=list)

    async def run(self, *, on_look: Callable[[Look], None]) -> None:
        """Look until cancelled."""
        while True:
            on_look(await self.look())
            await asyncio.sleep(LOOK_EVERY)

    async def scrape(self) -> None:
        """Read every process's metrics as Prometheus does, until cancelled: that is part of their life."""
        session = self.stage.sandbox.session
        while True:
            for address in self.stage.metrics:
                # Whoever is too busy to answer is seen by what people wait.
                with suppress(aiohttp.ClientError, TimeoutError):
                    async with session.get(address) as response:
                        await response.read()
            await asyncio.sleep(_SCRAPE_EVERY)

    async def look(self) -> Look:
        """Look once."""
        database = self.stage.database
        rows = await database.fetch(_CONNECTIONS)
        inbox = await database.fetchrow(_INBOX)
        # In a thread: whoever is to write meanwhile does not wait for it.
        families = await asyncio.to_thread(read_families, self.stage.roots)
        look = Look(
            at=time.monotonic(),
            families=families,
            cores=read_cores(),
            connections=Counter({row[0]: row[1] for row in rows}),
            connections_used=Counter({row[0]: row[2] for row in rows}),
            inbox_open=inbox["open"],
            inbox_waiting=inbox["waiting"],
            inbox_oldest=inbox["oldest"],
        )
        self.looks.append(look)
        return look


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What one process used over a run. Memory in MB, CPU in seconds and cores."""

    cpu: float
    cores: float
    cores_peak: float
    """Of the busiest time between two looks."""
    waited: float
    """Share of the time in which it had something to do and no core to do it on."""
    memory_peak: float
    memory_end: float
    growth: float
    """MB a minute, over the second half."""
    files_peak: int
    connections_peak: int
    """To PostgreSQL."""
    connections_used: float
    """In the middle of a transaction, on average."""


def usages(looks: Sequence[Look], names: Sequence[str]) -> dict[str, Usage]:
    """Return what each process used from the first look to the last."""
    return {name: _usage(looks, name) for name in names if all(name in look.families for look in looks)}


def memories(looks: Sequence[Look], names: Sequence[str]) -> dict[str, list[tuple[float, float]]]:
    """Return what each process held at each look: seconds since the first look, and MB."""
    return {
        name: [
            (round(look.at - looks[0].at, 1), round(look.families[name].memory / 1e6, 2))
            for look in looks
            if name in look.families
        ]
        for name in names
    }


def _usage(looks: Sequence[Look], name: str) -> Usage:
    seen = [(look.at, look.families[name]) for look in looks]
    (begin, first), (end, last) = seen[0], seen[-1]
    memory = [(at, family.memory / 1e6) for at, family in seen]
    rates = [
        (after.cpu - before.cpu) / (later - sooner) for (sooner, before), (later, after) in pairwise(seen)
    ]
    return Usage(
        cpu=last.cpu - first.cpu,
        cores=(last.cpu - first.cpu) / max(end - begin, 1e-9),
        cores_peak=max(rates, default=0.0),
        waited=max(0.0, last.waited - first.waited) / max(end - begin, 1e-9),
        memory_peak=max(size for _, size in memory),
        memory_end=memory[-1][1],
        growth=slope(memory[len(memory) // 2 :]) * 60,
        files_peak=max(family.files for _, family in seen),
        connections_peak=max(_connections(look.connections, name) for look in looks),
        connections_used=fmean(_connections(look.connections_used, name) for look in looks),
    )


def _connections(by_client: Counter[str], name: str) -> int:
    return by_client.total() if name == "postgres" else by_client[f"vitte-{name}"]


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Return how much y grows with x, by least squares; 0 for fewer than two points."""
    if len(points) < 2:
        return 0.0
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / spread if spread else 0.0


def busy_cores(looks: Sequence[Look]) -> tuple[float, float]:
    """Return how many cores were busy from the first look to the last, and how many there are."""
    first, last = looks[0].cores, looks[-1].cores
    seconds = max(looks[-1].at - looks[0].at, 1e-9)
    busy = (last.busy - first.busy) / seconds
    return busy, busy + (last.idle - first.idle) / seconds
