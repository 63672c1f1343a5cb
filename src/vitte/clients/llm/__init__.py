"""Language models."""

from vitte.clients.llm.chain import ModelChain, Providers
from vitte.clients.llm.openai_compatible import OpenAICompatibleModel
from vitte.clients.llm.protocol import (
    ChatMessage,
    ChatModel,
    Chunk,
    Image,
    LlmError,
    LlmInterruptedError,
    LlmMisconfiguredError,
    LlmOverloadedError,
    LlmRefusedImagesError,
    LlmRefusedInputError,
    LlmRefusedToolsError,
    LlmTimeoutError,
    LlmTooLongError,
    LlmUnavailableError,
    Tool,
    ToolCall,
    Usage,
)
from vitte.clients.llm.specs import ModelSpec

__all__ = [
    "ChatMessage",
    "ChatModel",
    "Chunk",
    "Image",
    "LlmError",
    "LlmInterruptedError",
    "LlmMisconfiguredError",
    "LlmOverloadedError",
    "LlmRefusedImagesError",
    "LlmRefusedInputError",
    "LlmRefusedToolsError",
    "LlmTimeoutError",
    "LlmTooLongError",
    "LlmUnavailableError",
    "ModelChain",
    "ModelSpec",
    "OpenAICompatibleModel",
    "Providers",
    "Tool",
    "ToolCall",
    "Usage",
]
