"""Dependency injection: what each process builds, and from what."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

from dishka import AsyncContainer, Provider, Scope, make_async_container, provide
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncEngine

from vitte.assistant.albums import AlbumService
from vitte.assistant.generation import AnswerMaker
from vitte.assistant.models import ModelChooser
from vitte.assistant.running import RunningAnswers
from vitte.assistant.service import AssistantService
from vitte.assistant.speaking import HearingService, SpeakingService
from vitte.assistant.stops import StopService
from vitte.assistant.tools.builtin import CurrentTime, SearchTheWeb
from vitte.assistant.tools.registry import ToolRegistry
from vitte.assistant.tools.servers import ServerTools
from vitte.assistant.turns import TurnStore
from vitte.billing.repository import SubscriptionRepository
from vitte.billing.service import SubscriptionService
from vitte.catalogue.editing import CatalogueEditor
from vitte.catalogue.repository import CatalogueRepository
from vitte.catalogue.service import CatalogueService
from vitte.clients.cache.protocol import Cache, Invalidator, NoCache
from vitte.clients.cache.shared import RedisCache
from vitte.clients.embeddings.protocol import Embedder
from vitte.clients.jobs import JobQueue
from vitte.clients.line import Line
from vitte.clients.llm.chain import Providers
from vitte.clients.llm.protocol import ChatModel
from vitte.clients.media import Media
from vitte.clients.redis import connect_redis
from vitte.clients.speech.protocol import SpeechToText, TextToSpeech
from vitte.clients.tools.mcp.servers import McpServers
from vitte.clients.tools.search import WebSearch
from vitte.core.clock import Clock, SystemClock
from vitte.core.settings import Process, Settings
from vitte.core.settings.endpoints import EmbeddingsSettings, SpeechSettings
from vitte.core.settings.input import FilesSettings
from vitte.core.settings.memory import MemorySettings
from vitte.core.settings.outside import AssistantSettings, LlmSettings
from vitte.core.settings.processes import WorkerSettings
from vitte.core.settings.usage import UsageSettings
from vitte.db.engine import SessionFactory, create_engine, create_session_factory
from vitte.db.transaction import Transaction
from vitte.dialogs.repository import DialogRepository
from vitte.dialogs.service import DialogService
from vitte.dialogs.summaries import SummaryService
from vitte.dialogs.titles import TitleService
from vitte.inbox.service import InboxService
from vitte.jobs.leases import JobLeases
from vitte.jobs.repository import JobRepository
from vitte.jobs.service import JobService
from vitte.jobs.sweeper import JobSweeper
from vitte.memory.book import MemoryBook
from vitte.memory.embedding import MeteredEmbedder
from vitte.memory.learning import LearningService
from vitte.memory.repository import MemoryRepository
from vitte.memory.service import MemoryService
from vitte.memory.vectors import VectorRepository
from vitte.usage.background import BackgroundModel
from vitte.usage.ledger import UsageLedger
from vitte.usage.meter import Meter
from vitte.usage.prices import PriceList
from vitte.usage.service import UsageService
from vitte.usage.sweeper import UsageSweeper
from vitte.users.people import People
from vitte.users.presence import Presence
from vitte.users.repository import UserRepository
from vitte.users.service import UserService

_LEAVE_WITHIN = 1.0
"""Seconds to close the connections to PostgreSQL at the end of a process."""


class BackendProvider(Provider):
    """What lives as long as the process; closed with the container."""

    scope = Scope.APP

    def __init__(self, settings: Settings, process: Process) -> None:
        super().__init__()
        self._settings = settings
        self._process = process

    @provide
    def settings(self) -> Settings:
        """All settings."""
        return self._settings

    @provide
    def assistant_settings(self, settings: Settings) -> AssistantSettings:
        """The assistant's own."""
        return settings.assistant

    @provide
    def memory_settings(self, settings: Settings) -> MemorySettings:
        """Memory's own."""
        return settings.memory

    @provide
    def llm_settings(self, settings: Settings) -> LlmSettings:
        """Those of language models."""
        return settings.llm

    @provide
    def files_settings(self, settings: Settings) -> FilesSettings:
        """Those of files that people send."""
        return settings.files

    @provide
    def speech_settings(self, settings: Settings) -> SpeechSettings:
        """Those of voice."""
        return settings.speech

    @provide
    def embeddings_settings(self, settings: Settings) -> EmbeddingsSettings:
        """Those of vectors."""
        return settings.embeddings

    @provide
    def worker_settings(self, settings: Settings) -> WorkerSettings:
        """The worker's own."""
        return settings.worker

    @provide
    def usage_settings(self, settings: Settings) -> UsageSettings:
        """What may be spent."""
        return settings.usage

    @provide
    def clock(self) -> Clock:
        """The machine's clock."""
        return SystemClock()

    @provide
    async def engine(self, settings: Settings) -> AsyncIterator[AsyncEngine]:
        """The connection pool."""
        engine = create_engine(settings.database, process=self._process)
        yield engine
        # asyncpg takes leave of a PostgreSQL that is silent without end.
        with suppress(TimeoutError):
            async with asyncio.timeout(_LEAVE_WITHIN):
                await engine.dispose()

    @provide
    def session_factory(self, engine: AsyncEngine) -> SessionFactory:
        """The factory of sessions."""
        return create_session_factory(engine)

    @provide
    async def redis(self, settings: Settings) -> AsyncIterator[Redis]:
        """Redis, for what may wait for it."""
        redis = connect_redis(settings.redis, timeout=settings.redis.timeout)
        yield redis
        await redis.aclose()

    @provide
    async def line(self, settings: Settings) -> AsyncIterator[Line]:
        """Redis, for what has no time."""
        # Those who use it keep shorter time-outs of their own, which know a busy process from a slow Redis.
        redis = connect_redis(settings.redis, timeout=settings.redis.timeout)
        yield Line(redis)
        await redis.aclose()

    @provide
    async def cache(self, settings: Settings, line: Line) -> AsyncIterator[Cache]:
        """What may be remembered of PostgreSQL."""
        if not settings.cache.enabled:
            yield NoCache()
            return
        cache = RedisCache(line, settings.cache)
        yield cache
        await cache.close()

    @provide
    def invalidator(self, cache: Cache) -> Invalidator:
        """The half of it that writers need."""
        return cache

    @provide
    async def jobs(self, settings: Settings) -> AsyncIterator[JobQueue]:
        """The way to the worker."""
        jobs = JobQueue(settings)
        yield jobs
        await jobs.close()

    @provide
    async def providers(self, settings: Settings) -> AsyncIterator[Providers]:
        """Where language models are."""
        providers = Providers(settings.llm)
        yield providers
        await providers.close()

    @provide
    def model(self, providers: Providers) -> ChatModel:
        """The language model of the settings, with those that stand in for it."""
        return providers.default_chain()

    @provide
    async def media(self, settings: Settings, providers: Providers) -> AsyncIterator[Media]:
        """The models that hear, speak and embed."""
        media = Media(settings, providers)
        yield media
        await media.close()

    @provide
    def hearing(self, media: Media) -> SpeechToText:
        """The one that hears."""
        return media.hearing

    @provide
    def voice(self, media: Media) -> TextToSpeech:
        """The one that speaks."""
        return media.voice

    @provide
    def embedder(self, media: Media) -> Embedder:
        """The one that embeds."""
        return media.embedder

    @provide
    async def tools(self, settings: Settings, clock: Clock) -> AsyncIterator[ToolRegistry]:
        """What models may use."""
        own = settings.tools
        search, servers = WebSearch(own), McpServers.of(own)
        yield ToolRegistry(
            own,
            [CurrentTime(clock, own), *([SearchTheWeb(search, own)] if own.search_url else [])],
            [ServerTools(servers, limit=own.output_limit)],
        )
        await servers.close()
        await search.close()

    @provide
    def presence(self, settings: Settings, session_factory: SessionFactory) -> Presence:
        """Who was seen in this process lately."""
        return Presence(session_factory, interval=settings.bot.seen_interval)

    memory_service = provide(MemoryService)
    inbox = provide(InboxService)
    albums = provide(AlbumService)
    people = provide(People)
    turns = provide(TurnStore)
    running_answers = provide(RunningAnswers)
    stop_service = provide(StopService)
    usage_ledger = provide(UsageLedger)
    usage_service = provide(UsageService)
    answer_maker = provide(AnswerMaker)
    meter = provide(Meter)
    speaking = provide(SpeakingService)
    hearing_service = provide(HearingService)
    metered_embedder = provide(MeteredEmbedder)
    usage_sweeper = provide(UsageSweeper)
    job_leases = provide(JobLeases)
    job_sweeper = provide(JobSweeper)


class FeatureProvider(Provider):
    """What an update, a request or a job gets for itself."""

    scope = Scope.REQUEST

    transaction = provide(Transaction)

    users = provide(UserRepository)
    user_service = provide(UserService)
    subscriptions = provide(SubscriptionRepository)
    subscription_service = provide(SubscriptionService)
    catalogue = provide(CatalogueRepository)
    catalogue_service = provide(CatalogueService)
    catalogue_editor = provide(CatalogueEditor)
    dialogs = provide(DialogRepository)
    dialog_service = provide(DialogService)
    title_service = provide(TitleService)
    summary_service = provide(SummaryService)
    jobs = provide(JobRepository)
    job_service = provide(JobService)
    models = provide(ModelChooser)
    prices = provide(PriceList)
    background_model = provide(BackgroundModel)
    assistant_service = provide(AssistantService)
    memories = provide(MemoryRepository)
    memory_vectors = provide(VectorRepository)
    memory_book = provide(MemoryBook)
    learning_service = provide(LearningService)


def make_container(
    settings: Settings, *providers: Provider, process: Process, context: dict[Any, Any] | None = None
) -> AsyncContainer:
    """Make the container of a process. Nothing connects before it is asked for. Close it at the end.

    `providers` come last and so replace what is here: tests put their own parts in.
    """
    return make_async_container(
        BackendProvider(settings, process), FeatureProvider(), *providers, context=context
    )
