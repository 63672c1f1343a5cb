"""What a process needs to write to Telegram. Apart from the rest, for it loads aiogram."""

from collections.abc import AsyncIterator

from dishka import Provider, Scope, provide

from vitte.bot.asking import Asking
from vitte.bot.input.albums import AlbumGatherer
from vitte.bot.input.questions import QuestionReader
from vitte.bot.input.resolving import InputResolver
from vitte.clients.documents.reader import DocumentReader
from vitte.clients.line import Line
from vitte.clients.telegram.files import TelegramFiles
from vitte.clients.telegram.limits import Limits
from vitte.core.settings import Settings


class TelegramProvider(Provider):
    """The limits that all processes keep together."""

    scope = Scope.APP

    @provide
    async def limits(self, settings: Settings, line: Line) -> AsyncIterator[Limits]:
        """The shared limits."""
        limits = Limits(line, settings.outbound)
        yield limits
        await limits.close()


class InputProvider(Provider):
    """What reads the messages of people."""

    scope = Scope.APP

    files = provide(TelegramFiles)
    documents = provide(DocumentReader)
    gatherer = provide(AlbumGatherer)
    resolver = provide(InputResolver)
    questions = provide(QuestionReader)
    asking = provide(Asking)
