"""The body of a call for a chat completion.

https://platform.openai.com/docs/api-reference/chat/create
"""

from base64 import b64encode
from collections.abc import Sequence
from typing import Any

import orjson

from vitte.clients.llm.protocol import ChatMessage, Image, Tool


def request_body(
    messages: Sequence[ChatMessage],
    *,
    model: str,
    temperature: float | None,
    max_tokens: int,
    tools: Sequence[Tool] = (),
) -> bytes:
    """Return the JSON of a streamed call. A temperature of None is left to the model."""
    body: dict[str, Any] = {
        "model": model,
        "messages": [_message(message) for message in messages],
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_tokens": max_tokens,
    }
    if temperature is not None:
        body["temperature"] = temperature
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
