"""What the product asks of a language model."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from vitte.core.errors import VitteError


@dataclass(frozen=True, slots=True)
class Image:
    """A picture that goes with a message."""

    mime_type: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Tool:
    """Something that a model may ask us to do for it. `parameters` is a JSON schema of an object."""

    name: str
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A model's wish that a tool be used. `arguments` is JSON as the model wrote it, and may not parse."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One message of the context that a model is shown.

    Only a person's message has images, only the model's has tool calls. What a tool came to is a message of
    the role "tool" that names the call in `tool_call_id`, and comes after the message that asked for it.
    """

    role: Literal["system", "user", "assistant", "tool"]
    content: str
    images: tuple[Image, ...] = ()
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens that a call has cost, in the model's own count unless it is estimated."""

    prompt_tokens: int
    completion_tokens: int
    is_estimated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """A piece of a streamed answer.

    `text` may be empty. `finish_reason` comes with the last piece of text ("stop", "length", "tool_calls"),
    `usage` at the very end, and only from providers that tell it. `tool_calls` are whole and come once, with
    or after the finish reason. `model` and `provider` name who answers, where several may.
    """

    text: str = ""
    finish_reason: str | None = None
    usage: Usage | None = None
    model: str | None = None
    provider: str | None = None
    is_thinking: bool = False
    """Whether the model was heard to think, which is shown to nobody."""
    tool_calls: tuple[ToolCall, ...] = ()


class ChatModel(Protocol):
    """A model that answers a chat piece by piece."""

    @property
    def name(self) -> str:
        """The model's name at its provider."""
        ...

    def stream(
        self,
        messages: Sequence[ChatMessage],
        *,
        max_tokens: int | None = None,
        tools: Sequence[Tool] = (),
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


class LlmRefusedInputError(LlmError):
    """The model cannot do with what it was given: the person has to ask otherwise, or choose another."""

    code = "llm_refused_input"
    status = 422
    text_key = "error-llm-refused-input"


class LlmRefusedImagesError(LlmRefusedInputError):
    """This model cannot look at pictures, or not at this one."""

    code = "llm_refused_images"
    text_key = "error-llm-refused-images"


class LlmRefusedToolsError(LlmRefusedInputError):
    """This model cannot use tools."""

    code = "llm_refused_tools"
    text_key = "error-llm-refused-tools"


class LlmTooLongError(LlmRefusedInputError):
    """The context is longer than this model can read."""

    code = "llm_too_long"
    text_key = "error-llm-too-long"
