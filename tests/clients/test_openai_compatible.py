"""The client of language models, against a server that fails in every way that real ones do."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
import uvloop
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.certificates import make_certificate
from tests.patience import PATIENCE
from vitte.clients.endpoint import endpoint
from vitte.clients.llm import (
    ChatMessage,
    LlmError,
    LlmInterruptedError,
    LlmMisconfiguredError,
    LlmOverloadedError,
    LlmTimeoutError,
    LlmUnavailableError,
    ModelChain,
    Usage,
    openai_compatible,
)
from vitte.core.settings.outside import LlmSettings
from vitte.sandbox.llm import Fault, Script, running_model

QUESTION = [ChatMessage("system", "Be short."), ChatMessage("user", "Привет, how are you?")]


@pytest.fixture
def script() -> Script:
    return Script()


@asynccontextmanager
async def model_at(script: Script, **settings: Any) -> AsyncIterator[ModelChain]:
    """Serve a model and connect to it. It has all the time that a busy machine may need, unless told."""
    async with running_model(script) as base_url:
        model = ModelChain.of(LlmSettings(base_url=base_url, model="scripted", **settings))
        yield model
        await model.close()


@pytest.fixture
async def client(script: Script) -> AsyncIterator[ModelChain]:
    async with model_at(script) as model:
        yield model


async def ask(model: ModelChain) -> str:
    return "".join([chunk.text async for chunk in model.stream(QUESTION)])


async def test_the_scripted_model_answers_with_json_only_whoever_tells_it_to(
    client: ModelChain, script: Script
) -> None:
    script.json_answer, script.words = '{"remember": []}', 20
    told = [ChatMessage("system", "Answer with one JSON object."), ChatMessage("user", "Hello")]
    assert "".join([chunk.text async for chunk in client.stream(told)]) == '{"remember": []}'
    assert (await ask(client)).startswith("You said: Привет, how are you?")


async def test_the_scripted_model_keeps_to_the_longest_answer_that_it_is_allowed(script: Script) -> None:
    async with model_at(script, max_tokens=3) as model:
        chunks = [chunk async for chunk in model.stream(QUESTION)]
    assert "".join(chunk.text for chunk in chunks) == "You said: Привет,"
    assert [chunk.finish_reason for chunk in chunks if chunk.finish_reason] == ["length"]


async def test_the_answer_comes_while_it_is_made_and_with_its_cost(
    client: ModelChain, script: Script
) -> None:
    script.holds_after = 1
    chunks = []
    async for chunk in client.stream(QUESTION):
        chunks.append(chunk)
        # The next word is not said before this one has come.
        script.hold_after(len(chunks) + 1)
    assert [chunk.text for chunk in chunks if chunk.text] == [
        "You", " said:", " Привет,", " how", " are", " you?",
    ]  # fmt: skip
    assert [chunk.finish_reason for chunk in chunks if chunk.finish_reason] == ["stop"]
    assert chunks[-1].usage == Usage(prompt_tokens=2, completion_tokens=6)


async def test_a_fast_answer_comes_in_few_pieces_and_whole(client: ModelChain, script: Script) -> None:
    script.answer = " ".join(str(number) for number in range(500))
    script.between_tokens = 0.001
    pieces = [chunk.text async for chunk in client.stream(QUESTION) if chunk.text]
    assert "".join(pieces) == script.answer
    assert len(pieces) < 250


async def test_the_model_is_told_the_whole_context(client: ModelChain, script: Script) -> None:
    await ask(client)
    body = script.requests[0]
    assert body["messages"] == [
        {"role": "system", "content": "Be short."},
        {"role": "user", "content": "Привет, how are you?"},
    ]
    assert body["model"] == "scripted"
    assert body["stream"] is True


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("refused", LlmMisconfiguredError),
        ("overloaded", LlmOverloadedError),
        ("broken", LlmUnavailableError),
        ("silent", LlmTimeoutError),
        ("stalls", LlmTimeoutError),
        ("cut", LlmInterruptedError),
        ("endless", LlmInterruptedError),
        ("not_json", LlmInterruptedError),
        ("error_event", LlmInterruptedError),
        ("reset", LlmUnavailableError),
    ],
)
async def test_a_failing_model_ends_in_an_error_that_says_how(
    script: Script, fault: Fault, error: type[LlmError]
) -> None:
    script.fault = fault
    impatience = {"silent": {"first_token_timeout": 0.5}, "stalls": {"idle_timeout": 0.5}}.get(fault, {})
    async with asyncio.timeout(PATIENCE), model_at(script, retries=0, **impatience) as client:
        with pytest.raises(error):
            await ask(client)


async def test_an_endpoint_that_is_not_there_is_told_from_one_that_refuses() -> None:
    model = ModelChain.of(LlmSettings(base_url="http://127.0.0.1:9/v1", model="x"))
    with pytest.raises(LlmUnavailableError):
        await ask(model)
    await model.close()


async def test_an_answer_that_never_ends_slowly_is_ended_in_total(script: Script) -> None:
    script.answer, script.between_tokens = "word " * 1000, 0.02
    async with model_at(script, total_timeout=0.5) as model:
        with pytest.raises(LlmTimeoutError):
            await ask(model)


async def test_a_model_that_is_heard_to_think_is_not_silent(script: Script) -> None:
    script.thoughts, script.between_tokens = 20, 0.1
    async with model_at(script, first_token_timeout=1, idle_timeout=PATIENCE) as model:
        chunks = [chunk async for chunk in model.stream(QUESTION)]
    assert "".join(chunk.text for chunk in chunks) == "You said: Привет, how are you?"
    assert "Hm." not in str(chunks)


async def test_an_answer_in_parts_is_its_words_without_its_thoughts() -> None:
    parts = [
        {"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]},
        {"type": "text", "text": "Yes"},
    ]
    chunk = orjson.dumps({"choices": [{"delta": {"content": parts}, "finish_reason": "stop"}]})

    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=b"data: " + chunk + b"\n\ndata: [DONE]\n\n")

    app = web.Application()
    app.add_routes([web.post("/v1/chat/completions", answer)])
    async with TestServer(app) as server:
        model = ModelChain.of(LlmSettings(model="it", base_url=str(server.make_url("/v1"))))
        assert await ask(model) == "Yes"
        await model.close()


def test_a_server_that_hangs_up_after_its_last_word_has_said_it_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, key = make_certificate(tmp_path)
    trusting = ssl.create_default_context(cafile=str(certificate))
    monkeypatch.setattr("aiohttp.connector._SSL_CONTEXT_VERIFIED", trusting)
    serving = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    serving.load_cert_chain(certificate, key)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
        for event in (
            b'{"choices":[{"delta":{"content":"Yes"}}]}',
            b'{"choices":[{"delta":{"content":" indeed"},"finish_reason":"stop"}]}',
            b"[DONE]",
        ):
            writer.write(b"data: " + event + b"\n\n")
            await writer.drain()
            # The first is read, and the others come while it waits for more to read together.
            await asyncio.sleep(0.01)
        # As nginx does when it is told to leave: it waits for no word of goodbye.
        writer.transport.abort()

    async def answers() -> list[str]:
        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=serving)
        port = server.sockets[0].getsockname()[1]
        model = ModelChain.of(LlmSettings(model="it", base_url=f"https://localhost:{port}/v1", retries=0))
        said = [await ask(model) for _ in range(5)]
        await model.close()
        server.close()
        return said

    # What processes run on, and what loses bytes that came while it was paused.
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(answers()) == ["Yes indeed"] * 5


async def test_a_reader_slower_than_the_silence_allowed_still_gets_the_answer(script: Script) -> None:
    script.holds_after = 1
    text = ""
    async with model_at(script, idle_timeout=2) as client:
        async for chunk in client.stream(QUESTION):
            text += chunk.text
            if text == "You":
                await asyncio.sleep(2.1)
                # It has to be waited for a little once more.
                asyncio.get_running_loop().call_later(0.01, script.go_on.set)
    assert text == "You said: Привет, how are you?"


async def test_the_next_question_needs_no_new_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    # The machine may be busy; how soon is not the question here.
    monkeypatch.setattr(openai_compatible, "_END_WITHIN", PATIENCE)
    monkeypatch.setattr(endpoint, "_KEPT_FOR", PATIENCE)
    peers, heard = [], asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        peers.append(request.transport.get_extra_info("peername"))
        response = web.StreamResponse()
        await response.prepare(request)
        event = b'{"choices":[{"delta":{"content":"Yes"},"finish_reason":"stop"}]}'
        await response.write(b"data: " + event + b"\n\ndata: [DONE]\n\n")
        # The end of the response comes by itself, as it may on any network.
        await heard.wait()
        await response.write_eof()
        return response

    app = web.Application()
    app.add_routes([web.post("/v1/chat/completions", answer)])
    async with TestServer(app) as server:
        model = ModelChain.of(LlmSettings(model="it", base_url=str(server.make_url("/v1"))))
        for _ in range(3):
            heard.clear()
            async for _ in model.stream([ChatMessage("user", "Is it?")]):
                heard.set()
        await model.close()
    assert len(set(peers)) == 1
