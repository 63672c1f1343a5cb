"""Pictures and tools: what a model is given, what it gives back, and how it refuses."""

import base64
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from vitte.clients.llm import (
    ChatMessage,
    Chunk,
    Image,
    LlmError,
    LlmMisconfiguredError,
    LlmRefusedImagesError,
    LlmRefusedToolsError,
    LlmTooLongError,
    ModelChain,
    ModelSpec,
    Providers,
    Tool,
    ToolCall,
    Usage,
)
from vitte.core.settings.outside import LlmSettings
from vitte.sandbox.llm import Script, ToolStyle, ToolUse, running_model

PICTURE = Image("image/png", b"\x89PNG not really")
LOOK = [ChatMessage("user", "What is it?", images=(PICTURE, PICTURE))]
ASK = [ChatMessage("user", "Weather in Paris and Oslo?")]
WEATHER = Tool(
    "weather", "The weather in a city.", {"type": "object", "properties": {"city": {"type": "string"}}}
)
MakeModel = Callable[..., AbstractAsyncContextManager[ModelChain]]


@asynccontextmanager
async def model_of(script: Script, **spec: Any) -> AsyncIterator[ModelChain]:
    """Serve a model and connect to it."""
    async with running_model(script) as base_url:
        providers = Providers(LlmSettings(base_url=base_url, retries=0))
        yield providers.chain([ModelSpec(name="m", **spec)])
        await providers.close()


async def read(
    model: ModelChain, messages: list[ChatMessage], *, tools: tuple[Tool, ...] = ()
) -> list[Chunk]:
    return [chunk async for chunk in model.stream(messages, tools=tools)]


async def test_a_model_that_sees_is_shown_the_pictures_with_the_words() -> None:
    script = Script()
    async with model_of(script) as model:
        chunks = await read(model, LOOK)
    assert "".join(chunk.text for chunk in chunks) == "You said: What is it? [2 pictures]"
    text, first, second = script.requests[0]["messages"][0]["content"]
    assert text == {"type": "text", "text": "What is it?"}
    assert first == second
    head, _, data = first["image_url"]["url"].partition(",")
    assert (head, base64.b64decode(data)) == ("data:image/png;base64", PICTURE.data)


async def test_a_picture_without_words_is_shown_alone() -> None:
    script = Script()
    async with model_of(script) as model:
        await read(model, [ChatMessage("user", "", images=(PICTURE,))])
    assert [part["type"] for part in script.requests[0]["messages"][0]["content"]] == ["image_url"]


async def test_a_model_that_cannot_see_or_use_tools_says_which() -> None:
    async with model_of(Script(sees_images=False, takes_tools=False)) as model:
        with pytest.raises(LlmRefusedImagesError):
            await read(model, LOOK)
        with pytest.raises(LlmRefusedToolsError):
            await read(model, ASK, tools=(WEATHER,))


async def test_a_model_known_not_to_see_is_not_even_asked_and_one_without_tools_answers_without() -> None:
    script = Script()
    async with model_of(script, sees_images=False, uses_tools=False) as model:
        with pytest.raises(LlmRefusedImagesError):
            await read(model, LOOK)
        assert script.requests == []
        assert await read(model, ASK, tools=(WEATHER,))
        assert "tools" not in script.requests[0]


# As OpenAI, OpenRouter, llama.cpp, vLLM, DeepSeek and Ollama put it.
@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (400, {"error": {"message": "Invalid content type. image_url is only supported by certain models."}},
         LlmRefusedImagesError),
        (404, {"error": {"message": "No endpoints found that support image input", "code": 404}},
         LlmRefusedImagesError),
        (500, {"error": {"code": 500, "message": "image input is not supported - hint: mmproj"}},
         LlmRefusedImagesError),
        (400, {"object": "error", "message": "At most 0 image(s) may be provided in one prompt."},
         LlmRefusedImagesError),
        (422, {"error": "messages[0]: unknown variant `image_url`, expected `text`"}, LlmRefusedImagesError),
        (413, {"detail": "the picture is too large"}, LlmRefusedImagesError),
        (400, {"error": {"message": "m does not support tools"}}, LlmRefusedToolsError),
        (404, {"error": {"message": "No endpoints found that support tool use."}}, LlmRefusedToolsError),
        (400, {"error": {"message": '"auto" tool choice requires --enable-auto-tool-choice'}},
         LlmRefusedToolsError),
        (400, {"error": {"message": "This model's maximum context length is 8192 tokens."}}, LlmTooLongError),
        (400, {"error": {"message": "it exceeds the available context size"}}, LlmTooLongError),
        (400, {"error": {"message": "temperature must be a number"}}, LlmMisconfiguredError),
        (401, {"error": {"message": "no tool, no image, no key"}}, LlmMisconfiguredError),
    ],
)  # fmt: skip
async def test_a_refusal_is_understood_in_the_words_of_many_providers(
    status: int, body: dict[str, Any], error: type[LlmError]
) -> None:
    async def refuse(_: web.Request) -> web.Response:
        return web.json_response(body, status=status)

    async with served(refuse) as base_url:
        providers = Providers(LlmSettings(base_url=base_url, retries=0))
        chain = providers.chain([ModelSpec(name="m")])
        with pytest.raises(error) as raised:
            await read(chain, LOOK, tools=(WEATHER,))
        assert type(raised.value) is error
        # Nobody speaks of what was not asked for.
        with pytest.raises(LlmError) as raised:
            await read(chain, ASK)
        assert not isinstance(raised.value, LlmRefusedImagesError | LlmRefusedToolsError)
        await providers.close()


@asynccontextmanager
async def served(handle: Callable[[web.Request], Any]) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_post("/v1/chat/completions", handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    await runner.cleanup()


@pytest.mark.parametrize("style", ["pieces", "whole", "no_id", "no_index", "counting"])
async def test_tools_are_called_whole_however_a_provider_streams_that(style: ToolStyle) -> None:
    uses = [
        ToolUse(name="weather", arguments={"city": "Paris", "note": "a long argument in pieces"}),
        ToolUse(name="weather", arguments={"city": "Осло"}),
        ToolUse(name="time"),
    ]
    script = Script(tool_uses=uses, tool_style=style)
    async with model_of(script) as model:
        chunks = await read(model, ASK, tools=(WEATHER, Tool("time", "The time.", {"type": "object"})))
    assert script.requests[0]["tools"][0] == {
        "type": "function",
        "function": {
            "name": "weather",
            "description": "The weather in a city.",
            "parameters": WEATHER.parameters,
        },
    }
    (with_calls,) = [chunk for chunk in chunks if chunk.tool_calls]
    calls = with_calls.tool_calls
    assert [(call.name, json.loads(call.arguments)) for call in calls] == [
        (use.name, use.arguments) for use in uses
    ]
    assert len({call.id for call in calls}) == len(uses)
    assert all(call.id for call in calls)
    assert with_calls.finish_reason == "tool_calls"
    assert chunks[-1].usage is not None


async def test_what_a_tool_came_to_goes_back_to_the_model_that_asked() -> None:
    script = Script(tool_uses=[ToolUse(name="weather", arguments={"city": "Paris"})])
    async with model_of(script) as model:
        (calls,) = [
            chunk.tool_calls for chunk in await read(model, ASK, tools=(WEATHER,)) if chunk.tool_calls
        ]
        told = [
            *ASK,
            ChatMessage("assistant", "", tool_calls=calls),
            ChatMessage("tool", "Rain.", tool_call_id=calls[0].id),
        ]
        answer = await read(model, told, tools=(WEATHER,))
    assert "".join(chunk.text for chunk in answer) == "The tool said: Rain."
    _, asked, result = script.requests[1]["messages"]
    assert asked["tool_calls"] == [
        {
            "id": calls[0].id,
            "type": "function",
            "function": {"name": "weather", "arguments": calls[0].arguments},
        }
    ]
    assert result == {"role": "tool", "content": "Rain.", "tool_call_id": calls[0].id}


async def test_a_dialog_in_which_tools_were_used_is_not_shown_to_a_model_without_them() -> None:
    used = [*ASK, ChatMessage("assistant", "", tool_calls=(ToolCall("1", "weather", "{}"),))]
    async with model_of(Script(), uses_tools=False) as model:
        with pytest.raises(LlmRefusedToolsError):
            await read(model, used)


async def test_a_reasoning_model_that_wants_other_words_is_asked_in_them_and_only_once_refuses() -> None:
    script = Script(is_reasoning=True)
    async with model_of(script, temperature=0.7, max_tokens=99) as model:
        for _ in range(2):
            chunks = await read(model, ASK)
            assert chunks[-1].usage == Usage(prompt_tokens=1, completion_tokens=7)
    assert script.calls == 4
    assert script.requests[-1]["max_completion_tokens"] == 99
    assert not {"max_tokens", "temperature"} & script.requests[-1].keys()


async def test_a_provider_that_tells_no_usage_still_answers() -> None:
    async with model_of(Script(tells_usage=False)) as model:
        assert all(chunk.usage is None for chunk in await read(model, ASK))
