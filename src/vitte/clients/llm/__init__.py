"""Language models."""

from vitte.clients.llm.chain import ModelChain
from vitte.clients.llm.openai_compatible import OpenAICompatibleModel
from vitte.clients.llm.protocol import (
    ChatMessage,
    ChatModel,
    Chunk,
    LlmError,
    LlmInterruptedError,
    LlmMisconfiguredError,
    LlmOverloadedError,
    LlmTimeoutError,
    LlmUnavailableError,
    Usage,
)

__all__ = [
    "ChatMessage",
    "ChatModel",
    "Chunk",
    "LlmError",
    "LlmInterruptedError",
    "LlmMisconfiguredError",
    "LlmOverloadedError",
    "LlmTimeoutError",
    "LlmUnavailableError",
    "ModelChain",
    "OpenAICompatibleModel",
    "Usage",
]
