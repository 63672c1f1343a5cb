"""Texts become vectors that are near each other when the texts are alike."""

import asyncio
import math
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from tests.patience import PATIENCE
from vitte.clients.embeddings.protocol import (
    EmbeddingError,
    EmbeddingMisconfiguredError,
    EmbeddingOverloadedError,
    EmbeddingRefusedInputError,
    EmbeddingTimeoutError,
    EmbeddingUnavailableError,
)
from vitte.clients.llm.chain import Providers
from vitte.clients.media import Media
from vitte.core.settings import Settings
from vitte.core.settings.endpoints import EmbeddingsSettings
from vitte.sandbox.llm import Fault, Script, running_model


@asynccontextmanager
async def media_at(base_url: str, **embeddings: Any) -> AsyncIterator[Media]:
    settings = Settings(
        _env_file=None,
        embeddings=EmbeddingsSettings.model_validate(
            {"base_url": base_url, "model": "vectors", "timeout": PATIENCE, **embeddings}
        ),
    )
    settings.llm.retries = 0
    providers = Providers(settings.llm)
    media = Media(settings, providers)
    yield media
    await media.close()
    await providers.close()


@asynccontextmanager
async def media_of(script: Script, **embeddings: Any) -> AsyncIterator[Media]:
    async with running_model(script) as base_url, media_at(base_url, **embeddings) as media:
        yield media


def likeness(one: list[float], other: list[float]) -> float:
    return math.fsum(a * b for a, b in zip(one, other, strict=True))


async def test_alike_texts_are_near_each_other_and_in_the_order_asked() -> None:
    texts = ["The cat sleeps on the sofa", "A cat sleeps on a sofa", "Счёт за электричество пришёл"]
    async with media_of(Script()) as media:
        assert media.embedder.model == "vectors"
        cat, same_cat, bill = await media.embedder.embed(texts)
        assert await media.embedder.embed([texts[2]]) == [bill]
    assert likeness(cat, same_cat) > likeness(cat, bill) + 0.3


async def test_many_texts_take_few_calls_and_stay_in_order() -> None:
    script = Script()
    texts = [f"text {number}" for number in range(10)]
    async with media_of(script, batch=4) as media:
        together = await media.embedder.embed(texts)
        alone = [(await media.embedder.embed([text]))[0] for text in texts]
    assert together == alone
    assert [len(asked["input"]) for asked in script.media_requests[:3]] == [4, 4, 2]


async def test_an_empty_text_or_one_too_long_spoils_nothing() -> None:
    script = Script()
    async with media_of(script, most_characters=5) as media:
        assert len(await media.embedder.embed(["", "  ", "too long"])) == 3
        assert await media.embedder.embed([]) == []
    assert script.media_requests[0]["input"] == ["-", "-", "too l"]


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("refused", EmbeddingMisconfiguredError),
        ("overloaded", EmbeddingOverloadedError),
        ("broken", EmbeddingUnavailableError),
        ("reset", EmbeddingUnavailableError),
        ("silent", EmbeddingTimeoutError),
    ],
)
async def test_a_failing_provider_ends_in_an_error_that_says_how(
    fault: Fault, error: type[EmbeddingError]
) -> None:
    async with media_of(Script(fault=fault), timeout=0.3 if fault == "silent" else PATIENCE) as media:
        with pytest.raises(error) as raised:
            await media.embedder.embed(["text"])
    assert type(raised.value) is error


async def test_without_a_model_nothing_is_embedded() -> None:
    async with media_of(Script(), model="") as media:
        assert not media.embedder.model
        with pytest.raises(EmbeddingMisconfiguredError):
            await media.embedder.embed(["text"])


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def served(handle: Handler) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_post("/v1/embeddings", handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    await runner.cleanup()


@pytest.mark.parametrize(
    "answer",
    [
        "text",
        [],
        {"data": []},
        {"data": [{"embedding": []}]},
        {"data": [{"embedding": [1]}, {"embedding": [1, 2]}]},
        {"data": [{"embedding": "AAAA"}, {"embedding": "AAAA"}]},
    ],
)
async def test_an_answer_without_the_vectors_asked_for_is_not_taken_for_them(answer: Any) -> None:
    async def handle(_: web.Request) -> web.StreamResponse:
        return web.json_response(answer)

    async with served(handle) as base_url, media_at(base_url) as media:
        with pytest.raises(EmbeddingMisconfiguredError):
            await media.embedder.embed(["one", "two"])


async def test_a_text_too_long_for_the_model_is_told_as_that() -> None:
    async def handle(_: web.Request) -> web.StreamResponse:
        message = "This model's maximum context length is 8192 tokens."
        return web.json_response({"error": {"message": message}}, status=400)

    async with served(handle) as base_url, media_at(base_url) as media:
        with pytest.raises(EmbeddingRefusedInputError):
            await media.embedder.embed(["one"])


async def test_an_answer_that_comes_drop_by_drop_is_not_waited_for_without_end() -> None:
    async def handle(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(b" ")
                await asyncio.sleep(0.02)
        except ConnectionResetError:
            return response

    async with served(handle) as base_url, media_at(base_url, timeout=0.3) as media:
        with pytest.raises(EmbeddingTimeoutError):
            await media.embedder.embed(["one"])
