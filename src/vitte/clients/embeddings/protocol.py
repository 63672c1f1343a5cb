"""What the product asks of a model that embeds."""

from collections.abc import Sequence
from typing import Protocol

from vitte.core.errors import VitteError


class Embedder(Protocol):
    """Turns texts into vectors."""

    @property
    def model(self) -> str:
        """The model's name, which is kept with its vectors: those of two models say nothing to each other.

        Empty when the owner has set none.
        """
        ...

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Return a vector for each text, in their order, all of one length. Raises EmbeddingError."""
        ...


class EmbeddingError(VitteError):
    """There are no vectors."""

    code = "embedding_failed"
    status = 502
    text_key = "error-embedding-unavailable"


class EmbeddingUnavailableError(EmbeddingError):
    """The provider cannot be reached, or answers with a server error."""

    code = "embedding_unavailable"


class EmbeddingOverloadedError(EmbeddingError):
    """The provider has too much to do, or our quota there is used up."""

    code = "embedding_overloaded"
    status = 503
    text_key = "error-embedding-overloaded"


class EmbeddingMisconfiguredError(EmbeddingError):
    """No model is set, or the provider refuses the call as it is. The owner has to act."""

    code = "embedding_misconfigured"


class EmbeddingTimeoutError(EmbeddingError):
    """The provider took longer than it may."""

    code = "embedding_timeout"
    status = 504


class EmbeddingRefusedInputError(EmbeddingError):
    """A text is too long for the model."""

    code = "embedding_refused_input"
    status = 422
    text_key = "error-embedding-refused-input"
