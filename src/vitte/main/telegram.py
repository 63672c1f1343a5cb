"""What a process needs to write to Telegram. Apart from the rest, for it loads aiogram."""

from collections.abc import AsyncIterator

from dishka import Provider, Scope, provide

from vitte.clients.redis import connect_redis
from vitte.clients.telegram.limits import Limits
from vitte.core.settings import Settings


class TelegramProvider(Provider):
    """The limits that all processes keep together."""

    scope = Scope.APP

    @provide
    async def limits(self, settings: Settings) -> AsyncIterator[Limits]:
        """The shared limits, on connections of their own: they may not wait as long as others."""
        redis = connect_redis(settings.redis, timeout=settings.outbound.redis_timeout)
        yield Limits(redis, settings.outbound)
        await redis.aclose()
