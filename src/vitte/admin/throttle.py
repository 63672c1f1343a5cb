"""Slowing down whoever guesses passwords."""

import time
from dataclasses import dataclass

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

logger = structlog.get_logger(__name__)

WINDOW = 300
"""Seconds for which attempts are remembered, counted from the first."""
ATTEMPTS_PER_ADDRESS = 5
ATTEMPTS_OVERALL = 50
"""Bounds those who have many addresses. High, because whoever reaches it keeps the owner out as well."""

_PREFIX = "vitte:admin:login:"
_OVERALL = "all"
_MAX_REMEMBERED = 10_000


@dataclass(slots=True)
class _Count:
    attempts: int
    ends_at: float


class LoginThrottle:
    """Counts attempts in Redis, or in this process while Redis is away.

    An attempt is counted before the password is looked at: many at the same moment would otherwise all
    be let through.
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._own: dict[str, _Count] = {}

    async def admits(self, address: str) -> bool:
        """Count an attempt from `address` and tell whether it may go on."""
        try:
            ours, all_together = await self._count_in_redis(address)
        except (RedisError, OSError) as error:
            logger.warning("login_throttle_without_redis", reason=type(error).__name__)
            ours, all_together = self._count_here(address), self._count_here(_OVERALL)
        return ours <= ATTEMPTS_PER_ADDRESS and all_together <= ATTEMPTS_OVERALL

    async def forget(self, address: str) -> None:
        """Forget the attempts from `address`: the last one was right."""
        self._own.pop(address, None)
        try:
            await self._redis.delete(_PREFIX + address)
        except (RedisError, OSError) as error:
            logger.warning("login_throttle_without_redis", reason=type(error).__name__)

    async def _count_in_redis(self, address: str) -> tuple[int, int]:
        async with self._redis.pipeline(transaction=True) as pipe:
            for key in (address, _OVERALL):
                pipe.incr(_PREFIX + key)
                pipe.expire(_PREFIX + key, WINDOW, nx=True)
            ours, _, all_together, _ = await pipe.execute()
        return int(ours), int(all_together)

    def _count_here(self, key: str) -> int:
        now = time.monotonic()
        if len(self._own) >= _MAX_REMEMBERED:
            self._own = {name: count for name, count in self._own.items() if count.ends_at > now}
        count = self._own.get(key)
        if count is None or count.ends_at <= now:
            count = self._own[key] = _Count(0, now + WINDOW)
        count.attempts += 1
        return count.attempts
