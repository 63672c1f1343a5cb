"""Learning: a model looks at what was said since the last time, and says what is worth keeping."""

import asyncio
from collections import Counter
from collections.abc import Sequence

import structlog

from vitte.clients.llm.protocol import LlmError
from vitte.core.clock import Clock
from vitte.core.errors import VitteError
from vitte.core.settings.memory import MemorySettings
from vitte.db.transaction import Transaction
from vitte.memory.embedding import MeteredEmbedder
from vitte.memory.extraction import MAX_TOKENS, prompt, read_lesson, sameness
from vitte.memory.metrics import FACTS, LESSONS
from vitte.memory.repository import MemoryRepository
from vitte.memory.schemas import Lesson, Notebook
from vitte.memory.vectors import VectorRepository, as_text
from vitte.usage.background import BackgroundModel
from vitte.usage.errors import LimitReachedError

logger = structlog.get_logger(__name__)

_EMBEDDING_WITHIN = 30.0
"""Seconds: nobody waits for it."""
_BATCH = 64
"""Texts that the model of vectors is given at once."""


class LearningService:
    """Learns what is worth keeping of a person; the work of the job `memory.learn`."""

    def __init__(
        self,
        transaction: Transaction,
        memories: MemoryRepository,
        vectors: VectorRepository,
        model: BackgroundModel,
        embedder: MeteredEmbedder,
        clock: Clock,
        settings: MemorySettings,
    ) -> None:
        self._transaction = transaction
        self._memories = memories
        self._vectors = vectors
        self._model = model
        self._embedder = embedder
        self._clock = clock
        self._settings = settings

    async def learn(self, user_id: int) -> None:
        """Look at what the person has said since the last look, and change what is kept of them.

        May be repeated after a crash and run twice at once: what a message teaches is written down together
        with the note that it was looked at. A model that is away is no failure of the job's: the next one, of
        the person's next message, looks at the same.
        """
        if not self._settings.enabled:
            return
        async with self._transaction:
            notebook = await self._memories.notebook(user_id, messages=self._settings.learn_messages)
        outcome = "off" if notebook is None else await self._learn(user_id, notebook)
        LESSONS.labels(outcome).inc()
        logger.info("facts_looked_for", user_id=user_id, outcome=outcome)
        if notebook is not None and notebook.has_vectors:
            await self._give_vectors(user_id)

    async def _learn(self, user_id: int, notebook: Notebook) -> str:
        if not any(one.is_by_person for one in notebook.said):
            return "nothing_new"
        try:
            answer = await self._ask(user_id, notebook)
        except (LlmError, LimitReachedError) as error:
            logger.warning("learning_failed", user_id=user_id, code=error.code)
            return "failed"
        lesson = read_lesson(answer, notebook.facts)
        meanings = await self._meanings(user_id, notebook, lesson)
        async with self._transaction:
            if not await self._memories.take(user_id, learned_until=notebook.learned_until):
                return "overtaken"
            counts = await self._write(user_id, lesson or Lesson(), meanings)
            # Also of what was not understood: to ask once more would be no cheaper, and no better.
            await self._memories.note_learned(user_id, until=notebook.said[-1].id)
        for change, count in counts.items():
            FACTS.labels(change).inc(count)
        if counts:
            logger.info("facts_changed", user_id=user_id, **counts)
        if lesson is None:
            return "not_understood"
        return "learned" if counts["kept"] or counts["forgotten"] else "nothing_found"

    async def _ask(self, user_id: int, notebook: Notebook) -> str:
        asked = prompt(notebook, today=self._clock.now().date())
        return await self._model.ask(asked, user_id=user_id, kind="memory", max_tokens=MAX_TOKENS)

    async def _write(self, user_id: int, lesson: Lesson, meanings: Sequence[str | None]) -> Counter[str]:
        forgotten = await self._memories.delete(user_id, lesson.forget)
        known = {sameness(fact.text) for fact in await self._memories.facts(user_id)}
        counts = Counter(forgotten=forgotten, secret=lesson.secrets)
        added: set[int] = set()
        for text, meaning in zip(lesson.remember, meanings, strict=True):
            if sameness(text) in known:
                counts["known"] += 1
                continue
            known.add(sameness(text))
            if meaning is not None:
                counts["replaced"] += await self._forget_the_same(user_id, meaning, but=added)
            fact_id = await self._memories.add(user_id, text)
            if meaning is not None:
                await self._vectors.save({fact_id: meaning}, model=self._embedder.model)
            added.add(fact_id)
            counts["kept"] += 1
        counts["dropped"] += await self._memories.delete_beyond(user_id, most=self._settings.max_facts)
        return +counts

    async def _forget_the_same(self, user_id: int, meaning: str, *, but: set[int]) -> int:
        # What was said last is what holds; two sentences of one lesson are meant to be two.
        same = await self._vectors.like(
            user_id, meaning, model=self._embedder.model, distance=self._settings.same_distance
        )
        return await self._memories.delete(user_id, set(same) - but)

    async def _meanings(self, user_id: int, notebook: Notebook, lesson: Lesson | None) -> list[str | None]:
        if lesson is None:
            return []
        if not notebook.has_vectors:
            return [None] * len(lesson.remember)
        return await self._embed(user_id, lesson.remember)

    async def _give_vectors(self, user_id: int) -> None:
        """Give vectors to facts without one: the model of them is new, or was away when they were learned."""
        if not self._embedder.model:
            return
        async with self._transaction:
            facts = await self._vectors.without(user_id, model=self._embedder.model)
        for start in range(0, len(facts), _BATCH):
            some = facts[start : start + _BATCH]
            meanings = await self._embed(user_id, [fact.text for fact in some])
            made = {
                fact.id: meaning for fact, meaning in zip(some, meanings, strict=True) if meaning is not None
            }
            if not made:
                return
            async with self._transaction:
                await self._vectors.save(made, model=self._embedder.model)

    async def _embed(self, user_id: int, texts: Sequence[str]) -> list[str | None]:
        """Return vectors of texts; None for all of them when there are none to be had."""
        nothing: list[str | None] = [None] * len(texts)
        if not texts or not self._embedder.model:
            return nothing
        try:
            async with asyncio.timeout(_EMBEDDING_WITHIN):
                vectors = await self._embedder.embed(user_id, texts)
        except (VitteError, OSError) as error:
            logger.warning("facts_without_vectors", count=len(texts), reason=type(error).__name__)
            return nothing
        return [as_text(vector) for vector in vectors]
