"""Caches of several processes on one Redis."""

from collections.abc import AsyncIterator, Callable

import pytest
from prometheus_client import REGISTRY

from vitte.clients.cache.protocol import PROFILE, Kind
from vitte.clients.cache.shared import RedisCache
from vitte.clients.line import Line
from vitte.clients.redis import connect_redis
from vitte.core.settings import Settings

MakeCache = Callable[[], RedisCache]


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """The time by which caches and their breakers count."""
    return Clock()


@pytest.fixture
async def make_cache(settings: Settings, clock: Clock) -> AsyncIterator[MakeCache]:
    """Make the cache of one more process: with its own connection, and nothing in common but Redis."""
    made = []

    def make() -> RedisCache:
        redis = connect_redis(settings.redis, timeout=settings.cache.timeout)
        made.append((cache := RedisCache(Line(redis), settings.cache, clock=clock), redis))
        return cache

    yield make
    for cache, redis in made:
        await cache.close()
        await redis.aclose()


class Counts:
    """What the metrics have counted since this was made."""

    def __init__(self, kind: Kind = PROFILE) -> None:
        self._kind = kind.name
        self._before = self._all()

    def __getitem__(self, outcome: str) -> float:
        """Return how often reading or writing entries of this kind ended like this."""
        return self._all()[outcome] - self._before[outcome]

    def _all(self) -> dict[str, float]:
        outcomes = {
            "reads": ("local", "hit", "miss", "waited", "bypassed", "failed", "garbage"),
            "writes": ("stored", "refused"),
            "invalidations": ("done", "owed"),
        }
        return {
            outcome: REGISTRY.get_sample_value(
                f"vitte_cache_{what}_total", {"kind": self._kind, "outcome": outcome}
            )
            or 0.0
            for what, found in outcomes.items()
            for outcome in found
        }


@pytest.fixture
def counts() -> Counts:
    """What is counted from here on."""
    return Counts()
