"""Recalling what is known of people, and seeing to it that more is learned."""

import asyncio
import re
from collections.abc import Sequence
from datetime import timedelta

import structlog

from vitte.clients.breaker import Breaker
from vitte.core.clock import Clock
from vitte.core.errors import VitteError
from vitte.core.job_names import LATER_QUEUE, LEARN_FACTS
from vitte.core.recently import Recently
from vitte.core.settings.memory import MemorySettings
from vitte.db.batching import Batcher
from vitte.db.engine import SessionFactory
from vitte.db.transaction import Transaction
from vitte.jobs.service import JobService
from vitte.memory.embedding import MeteredEmbedder
from vitte.memory.metrics import RECALLS
from vitte.memory.schemas import Fact, Known, Meant
from vitte.memory.vectors import VectorRepository, as_text

logger = structlog.get_logger(__name__)

_LONGEST_QUESTION = 2000
"""Characters of a question that are looked at for its meaning: models take no book."""
_RETRY = 5.0
"""Seconds without meanings after the model that makes them failed three times in a row."""
_ASKED = re.compile(
    r"\b(?:remember|don't forget|do not forget|memori[sz]e|запомни\w*|не забудь\w*)\b", re.IGNORECASE
)


class MemoryService:
    """Knows what to tell the model of a person.

    Lives as long as its process and is used by many tasks at once: what is asked while PostgreSQL is busy
    with an earlier question shares the next statement.
    """

    def __init__(
        self,
        session_factory: SessionFactory,
        embedder: MeteredEmbedder,
        clock: Clock,
        settings: MemorySettings,
    ) -> None:
        self._session_factory = session_factory
        self._embedder = embedder
        self._clock = clock
        self._settings = settings
        self._nearest: Batcher[Meant, list[Fact]] = Batcher(self._look_by_meaning)
        self._breaker = Breaker(retry_after=_RETRY)
        self._ordered = Recently(settings.learn_interval, clock=lambda: clock.now().timestamp())

    @property
    def room(self) -> int:
        """Characters of facts that a model is told with a question; 0 where nothing is kept."""
        return self._settings.recall_characters if self._settings.enabled else 0

    async def recall(self, user_id: int, question: str, known: Known | None) -> list[Fact]:
        """Return what the model should know of the person to answer the question, oldest first.

        Of what the statement that stores the question has found to be `known`, for chats that the person
        alone reads: facts are private. At most `room` in all: the newest few, and then those that are nearest
        to the question by their meaning, or the newest where meanings cannot be had. A statement more for who
        has more facts than there is room for. Raises nothing: without facts there is still an answer.
        """
        if not self._settings.enabled:
            return []
        try:
            way, facts = await self._recall(user_id, question, known)
        except Exception as error:  # noqa: BLE001 - no answer may fail for what it can do without
            logger.warning("recall_failed", reason=type(error).__name__)
            way, facts = "failed", [] if known is None else known.newest
        RECALLS.labels(way).inc()
        return sorted(facts, key=lambda fact: fact.id)

    def wants_to_learn(self, user_id: int, question: str) -> bool:
        """Tell whether `order` is to be called when the answer to this question is stored.

        In memory, so that most answers cost no more for it: a person's messages are looked at once in
        `learn_interval`, by a job that waits for that long and sees all that was said until then.
        """
        if not self._settings.enabled:
            return False
        return bool(_ASKED.search(question)) or not self._ordered.has(user_id)

    async def order(
        self,
        transaction: Transaction,
        jobs: JobService,
        *,
        user_id: int,
        question: str,
        correlation_id: str | None = None,
    ) -> None:
        """Order the job that learns from what the person has said, in the transaction that stores the answer.

        At once when the person asks for something to be remembered, else after `learn_interval`, unless such
        a look waits already. Called once more after a crash it may order a job too many, which finds nothing
        new. `correlation_id` is that of the work going on, unless given.
        """
        if _ASKED.search(question):
            await jobs.enqueue(LEARN_FACTS, correlation_id=correlation_id, user_id=user_id)
            return
        now = self._clock.now()
        due = now + timedelta(seconds=self._settings.learn_interval)
        await jobs.enqueue(
            LEARN_FACTS,
            queue=LATER_QUEUE,
            run_at=due,
            unique_key=str(user_id),
            correlation_id=correlation_id,
            user_id=user_id,
        )

        async def committed() -> None:
            self._ordered.note(user_id, since=now.timestamp())

        transaction.on_commit(committed)

    async def _recall(self, user_id: int, question: str, known: Known | None) -> tuple[str, Sequence[Fact]]:
        if known is None:
            return "none", []
        if len(known.newest) == known.count:
            return "whole", known.newest
        near = await self._near(user_id, question) if known.has_vectors else None
        if not near:
            return "recency", known.newest
        return "meaning", self._choose([*known.newest[: self._settings.newest], *near, *known.newest])

    def _choose(self, wanted: Sequence[Fact]) -> list[Fact]:
        """Return the first of these facts that have room."""
        chosen: dict[int, Fact] = {}
        room = self._settings.recall_characters
        for fact in wanted:
            if fact.id not in chosen and len(fact.text) <= room:
                chosen[fact.id] = fact
                room -= len(fact.text)
        return list(chosen.values())

    async def _near(self, user_id: int, question: str) -> list[Fact] | None:
        vector = await self._meaning(user_id, question)
        return None if vector is None else await self._nearest.add(Meant(user_id=user_id, vector=vector))

    async def _meaning(self, user_id: int, question: str) -> str | None:
        question = question.strip()[:_LONGEST_QUESTION]
        if not self._embedder.model or not question or self._breaker.is_open():
            return None
        try:
            async with asyncio.timeout(self._settings.embedding_timeout):
                (vector,) = await self._embedder.embed_at_once(user_id, question)
        except (VitteError, OSError, ValueError) as error:
            if self._breaker.note_failure():
                logger.warning("recall_by_meaning_failed", reason=type(error).__name__)
            return None
        self._breaker.note_success()
        return as_text(vector)

    async def _look_by_meaning(self, meant: Sequence[Meant]) -> list[list[Fact]]:
        transaction = Transaction(self._session_factory)
        async with transaction.single():
            return await VectorRepository(transaction).nearest(
                meant, model=self._embedder.model, limit=self._settings.max_facts
            )
