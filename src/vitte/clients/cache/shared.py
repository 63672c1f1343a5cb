"""The cache that all processes share through Redis."""

import asyncio
import random
import secrets
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import structlog
from redis.exceptions import ResponseError

from vitte.clients.breaker import Breaker
from vitte.clients.cache.codec import ShapeError, Value, decode, encode
from vitte.clients.cache.local import LocalEntries
from vitte.clients.cache.metrics import CACHE_AWAY, INVALIDATIONS, READS, WRITES
from vitte.clients.cache.protocol import Kind, Load
from vitte.clients.channel import Channel, RedisAwayError
from vitte.clients.line import Line
from vitte.core.labels import by_labels
from vitte.core.nursery import Nursery
from vitte.core.settings.cache import CacheSettings

logger = structlog.get_logger(__name__)

_reads = by_labels(READS)

_LEASE = b"!"
"""What a lease begins with, and JSON does not."""
_LEASE_SECONDS = 3.0
"""Seconds within which whoever has the lease has to store what it loads."""
_PAUSES = (0.002, 0.005, 0.01, 0.02, 0.04, 0.08, 0.16)
"""Seconds between looks at an entry that somebody else is loading."""
_JOIN_WITHIN = 0.5
"""Seconds after which nobody joins a load any more: it may have begun before a change they must see."""
_PAY_EVERY = 0.2
"""Seconds between tries to delete what could not be deleted."""
_LAST_PAYMENT = 1.0

# KEYS: the entry. ARGV: our lease, the new value or nothing, its milliseconds.
# Returns 1 if it was ours still.
_SETTLE = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[2] == '' then return redis.call('DEL', KEYS[1]) end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
"""


class _Flight(NamedTuple):
    """A read that is under way, for all readers of this process."""

    begun_at: float
    landing: asyncio.Future[Any]


class RedisCache:
    """Cache-aside, and the entry itself keeps order.

    Whoever finds nothing leaves a lease in the entry's place, by the same command that looks for it; only who
    still finds its own lease there may store. So of all readers of all processes one loads, and a reader so
    slow that the entry was invalidated, expired or evicted meanwhile cannot put an old value back. No second
    key holds a version that could be evicted before its time.
    """

    def __init__(
        self, line: Line, settings: CacheSettings, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._local: dict[str, LocalEntries] = {}
        self._flights: dict[str, _Flight] = {}
        self._owed: dict[str, Kind] = {}
        self._nursery = Nursery()
        self._channel = Channel(
            line,
            timeout=settings.timeout,
            breaker=Breaker(retry_after=settings.retry, clock=clock),
            name="cache",
            away=CACHE_AWAY,
        )

    async def read(self, kind: Kind, shape: type[Value], key: object, load: Load[Value]) -> Value | None:
        """Return the entry, or what `load` returns; None is an entry too, for a short time."""
        name = kind.entry(key)
        while True:
            if (entry := self._local_entries(kind).get(name, now=self._clock())) is not None:
                _reads(kind.name, "local").inc()
                value: Value | None = entry.value
                return value
            flight = self._flights.get(name)
            if flight is None or self._clock() - flight.begun_at > _JOIN_WITHIN:
                return await self._fly(kind, shape, name, load)
            await asyncio.wait({flight.landing})
            if not flight.landing.cancelled():
                _reads(kind.name, "local").inc()
                landed: Value | None = flight.landing.result()
                return landed

    async def invalidate(self, kind: Kind, *keys: object) -> None:
        """Let nobody read these entries any more; see the protocol."""
        names = [kind.entry(key) for key in keys]
        self._forget(kind, names)
        try:
            # Behind it on the same channel, no read of this process finds the old value.
            await self._channel.call("UNLINK", *names)
        except (RedisAwayError, asyncio.CancelledError) as error:
            self._forget(kind, names)
            self._owed |= dict.fromkeys(names, kind)
            INVALIDATIONS.labels(kind.name, "owed").inc(len(names))
            if not len(self._nursery):
                self._nursery.start(self._pay(), name="cache_owed")
            if isinstance(error, asyncio.CancelledError):
                raise
        else:
            INVALIDATIONS.labels(kind.name, "done").inc(len(names))

    async def close(self) -> None:
        """Delete what is still to be deleted, and stop."""
        if self._owed:
            await self._nursery.wait(timeout=_LAST_PAYMENT)
        await self._nursery.stop()
        await self._channel.close()
        if self._owed:
            logger.warning("cache_entries_not_deleted", count=len(self._owed))

    def _local_entries(self, kind: Kind) -> LocalEntries:
        # Each kind by itself: those of one end in the order in which they came.
        if (entries := self._local.get(kind.name)) is None:
            entries = self._local[kind.name] = LocalEntries(self._settings.local_ttl_of(kind.name))
        return entries

    def _forget(self, kind: Kind, names: list[str]) -> None:
        for name in names:
            self._local_entries(kind).drop(name)
            # Who reads from now on does not join a flight that may have seen the old value.
            self._flights.pop(name, None)

    async def _pay(self) -> None:
        """Delete what an outage has left, before anybody here reads it again."""
        while self._owed:
            await asyncio.sleep(_PAY_EVERY)
            names = list(self._owed)
            try:
                await self._channel.call("UNLINK", *names, even_if_open=True)
            except RedisAwayError:
                continue
            for name in names:
                INVALIDATIONS.labels(self._owed.pop(name).name, "done").inc()

    async def _fly(self, kind: Kind, shape: type[Value], name: str, load: Load[Value]) -> Value | None:
        flight = self._flights[name] = _Flight(self._clock(), asyncio.get_running_loop().create_future())
        try:
            value, outcome = await self._find(kind, shape, name, load)
        except Exception as error:
            flight.landing.set_exception(error)
            flight.landing.exception()  # we have seen it, should nobody else
            raise
        else:
            _reads(kind.name, outcome).inc()
            if self._flights.get(name) is flight:
                self._local_entries(kind).put(name, value, asked_at=flight.begun_at, now=self._clock())
            flight.landing.set_result(value)
            return value
        finally:
            # Not landed, since it was cancelled: one of those who wait flies instead.
            flight.landing.cancel()
            if self._flights.get(name) is flight:
                del self._flights[name]

    async def _find(
        self, kind: Kind, shape: type[Value], name: str, load: Load[Value]
    ) -> tuple[Value | None, str]:
        """Return the value, and where it came from."""
        if name in self._owed:
            return await load(), "bypassed"
        lease = _LEASE + secrets.token_hex(8).encode()
        try:
            found = await self._take(name, lease)
            for pause in _PAUSES:
                if found is None or not found.startswith(_LEASE):
                    break
                await asyncio.sleep(pause)
                found = await self._take(name, lease)
            if found is None:
                return await self._load(kind, name, lease, load)
            if found.startswith(_LEASE):
                return await load(), "waited"
            return decode(shape, found), "hit"
        except RedisAwayError as error:
            return await load(), "failed" if error.was_asked else "bypassed"
        except (ShapeError, ResponseError):
            await self._discard(name)
            return await load(), "garbage"

    async def _take(self, name: str, lease: bytes) -> bytes | None:
        """Return what is there; where nothing is, leave our lease and return None."""
        # NX with GET: Redis 7.0, https://redis.io/docs/latest/commands/set/#history
        found: bytes | None = await self._channel.call(
            "SET", name, lease, "NX", "GET", "PX", int(_LEASE_SECONDS * 1000)
        )
        return found

    async def _load(self, kind: Kind, name: str, lease: bytes, load: Load[Value]) -> tuple[Value | None, str]:
        try:
            value = await load()
            raw = encode(value)
        except Exception:
            await self._settle(name, lease, b"", ttl=0)
            raise
        ttl = self._settings.negative_ttl if value is None else self._settings.ttl_of(kind.name)
        became = await self._settle(name, lease, raw, ttl=ttl)
        WRITES.labels(kind.name, became).inc()
        return value, "miss"

    async def _settle(self, name: str, lease: bytes, raw: bytes, *, ttl: float) -> str:
        # Entries that were stored together shall not end together.
        lifetime = int(ttl * 1000 * random.uniform(0.9, 1.0))  # noqa: S311 - nobody has to be surprised
        try:
            is_ours = await self._channel.call("EVAL", _SETTLE, 1, name, lease, raw, lifetime)
        except (RedisAwayError, ResponseError):
            return "failed"
        return "stored" if is_ours else "refused"

    async def _discard(self, name: str) -> None:
        try:
            await self._channel.call("UNLINK", name)
        except RedisAwayError:
            # It is as useless to the next one, who tries again.
            return
