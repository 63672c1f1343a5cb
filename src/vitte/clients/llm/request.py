"""The body of a call for a chat completion.

https://platform.openai.com/docs/api-reference/chat/create
"""

from base64 import b64encode
from collections.abc import Sequence
from typing import Any

import orjson

from vitte.clients.endpoint.failures import Refusal
from vitte.clients.llm.protocol import ChatMessage, Image, Tool
from vitte.clients.llm.specs import ModelSpec


class Dialect:
    """What one model understands of the protocol, as it has told by refusing it.

    OpenAI's reasoning models take no `max_tokens` and no `temperature`; some servers no `stream_options`.
    https://platform.openai.com/docs/guides/reasoning
    """

    def __init__(self) -> None:
        self._limit = "max_tokens"
        self._takes_temperature = True
        self._takes_stream_options = True

    def learn(self, refusal: Refusal) -> bool:
        """Take a refusal to heart; tell whether there is another way to ask."""
        if refusal.status not in (400, 422):
            return False
        reason = refusal.reason.lower()
        if self._limit == "max_tokens" and "max_completion_tokens" in reason:
            self._limit = "max_completion_tokens"
        elif self._takes_temperature and "temperature" in reason:
            self._takes_temperature = False
        elif self._takes_stream_options and "stream_options" in reason:
            self._takes_stream_options = False
        else:
            return False
        return True

    def options(self, *, max_tokens: int, temperature: float | None) -> dict[str, Any]:
        """Return the part of a call that not all understand alike."""
        options: dict[str, Any] = {self._limit: max_tokens}
        if self._takes_temperature and temperature is not None:
            options["temperature"] = temperature
        if self._takes_stream_options:
            options["stream_options"] = {"include_usage": True}
        return options


def request_body(
    messages: Sequence[ChatMessage],
    spec: ModelSpec,
    dialect: Dialect,
    *,
    max_tokens: int | None = None,
    tools: Sequence[Tool] = (),
) -> bytes:
    """Return the JSON of a streamed call; without `max_tokens` the model's own limit holds."""
    body: dict[str, Any] = {
        "model": spec.name,
        "messages": [_message(message) for message in messages],
        "stream": True,
        **dialect.options(max_tokens=max_tokens or spec.max_tokens, temperature=spec.temperature),
    }
    if tools:
        # Some servers refuse an empty list.
        body["tools"] = [_tool(tool) for tool in tools]
    return orjson.dumps(body)


def _message(message: ChatMessage) -> dict[str, Any]:
    told: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.images:
        text = [{"type": "text", "text": message.content}] if message.content else []
        told["content"] = [*text, *(_image(image) for image in message.images)]
    if message.tool_calls:
        told["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
            }
            for call in message.tool_calls
        ]
    if message.tool_call_id is not None:
        told["tool_call_id"] = message.tool_call_id
    return told


def _image(image: Image) -> dict[str, Any]:
    url = f"data:{image.mime_type};base64,{b64encode(image.data).decode()}"
    return {"type": "image_url", "image_url": {"url": url}}


def _tool(tool: Tool) -> dict[str, Any]:
    return {
        "type": "function",
        "function": {"name": tool.name, "description": tool.description, "parameters": tool.parameters},
    }
