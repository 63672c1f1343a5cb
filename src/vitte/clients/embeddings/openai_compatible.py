"""Vectors of an endpoint like OpenAI's.

https://platform.openai.com/docs/api-reference/embeddings
"""

from collections.abc import Sequence
from typing import Any

import orjson

from vitte.clients.embeddings.protocol import (
    EmbeddingError,
    EmbeddingMisconfiguredError,
    EmbeddingOverloadedError,
    EmbeddingRefusedInputError,
    EmbeddingTimeoutError,
    EmbeddingUnavailableError,
)
from vitte.clients.endpoint.endpoint import Endpoint
from vitte.clients.endpoint.failures import Errors, Refusal
from vitte.clients.endpoint.timing import counted
from vitte.core.settings.endpoints import EmbeddingsSettings

EMBEDDING_ERRORS = Errors(
    unavailable=EmbeddingUnavailableError,
    overloaded=EmbeddingOverloadedError,
    misconfigured=EmbeddingMisconfiguredError,
    timeout=EmbeddingTimeoutError,
)
_MOST_BYTES_A_TEXT = 200_000
# "maximum context length is 8192 tokens", "input is too large to process", "input length exceeds" ...
_OF_LENGTH = ("context length", "too large", "too long", "exceeds", "max_length")


class OpenAICompatibleEmbedder:
    """Turns texts into vectors, some at a time."""

    def __init__(self, endpoint: Endpoint, settings: EmbeddingsSettings) -> None:
        self._endpoint = endpoint
        self._settings = settings

    @property
    def model(self) -> str:
        """The model's name; empty when the owner has set none."""
        return self._settings.model

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Return a vector for each text, in their order, all of one length. Raises EmbeddingError."""
        settings = self._settings
        if not settings.model:
            raise EmbeddingMisconfiguredError("no model is set")
        vectors: list[list[float]] = []
        for start in range(0, len(texts), settings.batch):
            vectors += await self._embed(texts[start : start + settings.batch])
        if len({len(vector) for vector in vectors}) > 1:
            raise EmbeddingMisconfiguredError("the vectors are of several lengths")
        return vectors

    async def _embed(self, texts: Sequence[str]) -> list[list[float]]:
        settings = self._settings
        # Servers refuse an empty text, and all with it.
        told = [text[: settings.most_characters] if text.strip() else "-" for text in texts]
        with counted("embedding", settings.model):
            content = await self._endpoint.fetch(
                "/embeddings",
                orjson.dumps({"model": settings.model, "input": told, "encoding_format": "float"}),
                errors=EMBEDDING_ERRORS,
                explain=_refused,
                within=settings.timeout,
                most_bytes=_MOST_BYTES_A_TEXT * len(texts),
                headers={"Content-Type": "application/json"},
            )
            return _vectors(content, count=len(texts))


def _vectors(content: bytes, *, count: int) -> list[list[float]]:
    """Return the vectors by their numbers: servers that work on several texts at once may mix them up."""
    try:
        data: list[dict[str, Any]] = orjson.loads(content)["data"]
        by_index = {
            int(entry.get("index", place)): [float(number) for number in entry["embedding"]]
            for place, entry in enumerate(data)
        }
        vectors = [by_index[index] for index in range(count)]
    except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError, ValueError):
        raise EmbeddingMisconfiguredError("what came are no vectors") from None
    if not all(vectors):
        raise EmbeddingMisconfiguredError("a vector is empty")
    return vectors


def _refused(refusal: Refusal) -> EmbeddingError | None:
    is_of_length = any(word in refusal.reason.lower() for word in _OF_LENGTH)
    if refusal.status == 413 or (refusal.status in (400, 422, 500) and is_of_length):
        return EmbeddingRefusedInputError(f"status {refusal.status}: {refusal.reason}")
    return None
