"""Vectors of texts, whose cost is on the ledger."""

from collections.abc import Sequence
from decimal import Decimal

from vitte.clients.embeddings.protocol import Embedder
from vitte.core.settings.endpoints import EmbeddingsSettings
from vitte.core.tokens import count_tokens
from vitte.usage.meter import Meter

_MILLION = 1_000_000


class MeteredEmbedder:
    """Asks the model of vectors for a person's sake. Lives as long as its process."""

    def __init__(self, embedder: Embedder, meter: Meter, settings: EmbeddingsSettings) -> None:
        self._embedder = embedder
        self._meter = meter
        self._settings = settings

    @property
    def model(self) -> str:
        """The model's name; empty when there is none."""
        return self._embedder.model

    async def embed(self, user_id: int, texts: Sequence[str]) -> list[list[float]]:
        """Return a vector for each text. Raises EmbeddingError and LimitReachedError."""
        tokens, dollars = self._cost_of(texts)
        async with self._meter.call(
            user_id=user_id, kind="embedding", model=self.model, tokens=tokens, dollars=dollars
        ):
            return await self._embedder.embed(texts)

    async def embed_at_once(self, user_id: int, text: str) -> list[list[float]]:
        """Return the vector of a text, for an answer that waits for it. Raises EmbeddingError.

        It is on the ledger a moment later: what may be spent on the answer itself is reserved before it.
        """
        vectors = await self._embedder.embed([text])
        tokens, dollars = self._cost_of([text])
        self._meter.note_soon(
            user_id=user_id, kind="embedding", model=self.model, tokens=tokens, dollars=dollars
        )
        return vectors

    def _cost_of(self, texts: Sequence[str]) -> tuple[int, Decimal]:
        tokens = sum(count_tokens(text) for text in texts)
        return tokens, Decimal(str(self._settings.price)) * tokens / _MILLION
