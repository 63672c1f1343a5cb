"""What a provider means that does not answer a call for a chat completion."""

from vitte.clients.endpoint.failures import Errors, Refusal
from vitte.clients.llm.protocol import (
    LlmError,
    LlmInterruptedError,
    LlmMisconfiguredError,
    LlmOverloadedError,
    LlmRefusedImagesError,
    LlmRefusedToolsError,
    LlmTimeoutError,
    LlmTooLongError,
    LlmUnavailableError,
)

LLM_ERRORS = Errors(
    unavailable=LlmUnavailableError,
    overloaded=LlmOverloadedError,
    misconfigured=LlmMisconfiguredError,
    timeout=LlmTimeoutError,
    broken=(LlmInterruptedError,),
)
# OpenRouter says 404, llama.cpp 500 or 501, most others 400.
_STATUSES = frozenset({400, 404, 413, 415, 422, 500, 501})
# "image input is not supported", "unknown variant `image_url`", "At most 0 image(s) may be provided" ...
_OF_IMAGES = ("image", "vision", "multimodal", "mmproj", "picture")
# "This model's maximum context length is", "exceeds the available context size", "prompt is too long" ...
_OF_LENGTH = (
    "context length",
    "context size",
    "context window",
    "context_length",
    "too long",
    "too many tokens",
)
# "does not support tools", "No endpoints found that support tool use", "tools param requires --jinja" ...
_OF_TOOLS = ("tool", "function call", "functions")


class Explainer:
    """Knows from what was asked what a refusal is about, and keeps the last one."""

    def __init__(self, *, has_images: bool, has_tools: bool) -> None:
        self._has_images = has_images
        self._has_tools = has_tools
        self.refusal: Refusal | None = None

    def __call__(self, refusal: Refusal) -> LlmError | None:
        """Return the error of a refusal because of length, pictures or tools; None for any other."""
        self.refusal = refusal
        reason = refusal.reason.lower()
        if refusal.status not in _STATUSES:
            return None
        message = f"status {refusal.status}: {refusal.reason}"
        if any(words in reason for words in _OF_LENGTH):
            return LlmTooLongError(message)
        if self._has_images and any(word in reason for word in _OF_IMAGES):
            return LlmRefusedImagesError(message)
        if self._has_tools and any(word in reason for word in _OF_TOOLS):
            return LlmRefusedToolsError(message)
        return None
