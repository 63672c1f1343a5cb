"""What a process needs to write to Telegram. Apart from the rest, for it loads aiogram."""

from collections.abc import AsyncIterator

from dishka import Provider, Scope, provide

from vitte.bot.asking import Asking
from vitte.bot.input.albums import AlbumGatherer
from vitte.bot.input.questions import QuestionReader
from vitte.bot.input.resolving import InputResolver
from vitte.clients.documents.reader import DocumentReader
from vitte.clients.redis import connect_redis
from vitte.clients.telegram.files import TelegramFiles
from vitte.clients.telegram.limits import Limits
from vitte.core.settings import Settings


class TelegramProvider(Provider):
    """The limits that all processes keep together."""

    scope = Scope.APP

    @provide
    async def limits(self, settings: Settings) -> AsyncIterator[Limits]:
        """The shared limits, on a connection of their own."""
        # They keep their own time-out, which knows a busy process from a slow Redis.
        redis = connect_redis(settings.redis, timeout=settings.redis.timeout)
        limits = Limits(redis, settings.outbound)
        yield limits
        await limits.close()
        await redis.aclose()


class InputProvider(Provider):
    """What reads the messages of people."""

    scope = Scope.APP

    files = provide(TelegramFiles)
    documents = provide(DocumentReader)
    gatherer = provide(AlbumGatherer)
    resolver = provide(InputResolver)
    questions = provide(QuestionReader)
    asking = provide(Asking)
