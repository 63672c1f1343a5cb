"""The embedder of those who have none."""

from collections.abc import Sequence

from vitte.clients.embeddings.protocol import EmbeddingMisconfiguredError


class NoEmbedder:
    """Says that no model is set."""

    model = ""

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:  # noqa: ARG002 - the protocol's
        """Raise EmbeddingMisconfiguredError."""
        raise EmbeddingMisconfiguredError("no model is set that makes vectors")
