"""What the product asks of a language model."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from vitte.core.errors import VitteError


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One message of the context that a model is shown."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens that a call has cost, in the model's own count."""

    prompt_tokens: int
    completion_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """A piece of a streamed answer.

    `text` may be empty. `finish_reason` comes with the last piece of text ("stop", "length", ...),
    `usage` at the very end, and only from providers that tell it. `model` names who answers, where several
    may.
    """

    text: str = ""
    finish_reason: str | None = None
    usage: Usage | None = None
    model: str | None = None


class ChatModel(Protocol):
    """A model that answers a chat piece by piece."""

    @property
    def name(self) -> str:
        """The model's name at its provider."""
        ...

    def stream(
        self, messages: Sequence[ChatMessage], *, max_tokens: int | None = None
    ) -> AsyncIterator[Chunk]:
        """Yield the answer as it is made. Raises LlmError, before or between pieces."""
        ...


class LlmError(VitteError):
    """The model did not answer, or not to the end."""

    code = "llm_failed"
    status = 502
    text_key = "error-llm-unavailable"


class LlmUnavailableError(LlmError):
    """The provider cannot be reached, or answers with a server error."""

    code = "llm_unavailable"


class LlmOverloadedError(LlmError):
    """The provider has too much to do, or our quota there is used up."""

    code = "llm_overloaded"
    status = 503
    text_key = "error-llm-overloaded"


class LlmMisconfiguredError(LlmError):
    """The provider refuses the call as it is: a wrong key, model or parameter. The owner has to act."""

    code = "llm_misconfigured"


class LlmTimeoutError(LlmError):
    """The provider was silent for longer than it may be."""

    code = "llm_timeout"
    status = 504
    text_key = "error-llm-timeout"


class LlmInterruptedError(LlmError):
    """The answer broke off, or turned into something that is not an answer."""

    code = "llm_interrupted"
    text_key = "error-llm-interrupted"
