"""When a model does not answer, the next one does."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from prometheus_client import REGISTRY

from tests.patience import PATIENCE
from vitte.clients.llm import (
    ChatMessage,
    Image,
    LlmInterruptedError,
    LlmUnavailableError,
    ModelChain,
    Tool,
)
from vitte.core.settings.outside import LlmSettings
from vitte.sandbox.llm import Fault, Script, ToolUse, running_model

QUESTION = [ChatMessage("user", "one two three four")]


@pytest.fixture
def scripts() -> list[Script]:
    return [Script(), Script()]


@asynccontextmanager
async def chain_of(scripts: list[Script], **settings: Any) -> AsyncIterator[ModelChain]:
    """Serve two models, and ask the second when the first does not answer. `settings` are of the first."""
    async with AsyncExitStack() as stack:
        first, second = [await stack.enter_async_context(running_model(script)) for script in scripts]
        patience = {"first_token_timeout": PATIENCE, "idle_timeout": PATIENCE, "total_timeout": PATIENCE}
        chain = ModelChain.of(
            LlmSettings.model_validate(
                {
                    "base_url": first,
                    "model": "first",
                    "retries": 0,
                    "providers": {"other": {"base_url": f"{second}/chat/completions", **patience}},
                    "fallbacks": [{"provider": "other", "model": "second"}],
                    **settings,
                }
            )
        )
        yield chain
        await chain.close()


@pytest.fixture
async def chain(scripts: list[Script]) -> AsyncIterator[ModelChain]:
    async with chain_of(scripts) as chain:
        yield chain


async def ask(chain: ModelChain, question: Sequence[ChatMessage] = QUESTION) -> tuple[str, set[str | None]]:
    chunks = [chunk async for chunk in chain.stream(question)]
    return "".join(chunk.text for chunk in chunks), {chunk.model for chunk in chunks}


async def test_the_first_model_answers_as_long_as_it_can(chain: ModelChain, scripts: list[Script]) -> None:
    assert await ask(chain) == ("You said: one two three four", {"first"})
    assert scripts[1].requests == []


@pytest.mark.parametrize("fault", ["refused", "overloaded", "broken", "reset", "silent"])
async def test_another_model_answers_when_the_first_does_not_begin_to(
    scripts: list[Script], fault: Fault
) -> None:
    scripts[0].fault = fault
    async with chain_of(scripts, first_token_timeout=0.5 if fault == "silent" else PATIENCE) as chain:
        assert await ask(chain) == ("You said: one two three four", {"second"})
    assert scripts[1].requests[0]["model"] == "second"


async def test_a_picture_is_shown_to_the_next_model_when_the_first_cannot_see(
    chain: ModelChain, scripts: list[Script]
) -> None:
    scripts[0].sees_images = False
    picture = ChatMessage("user", "What is it?", images=(Image("image/png", b"png"),))
    assert await ask(chain, [picture]) == ("You said: What is it? [1 picture]", {"second"})


async def test_a_tool_that_was_called_is_not_called_again_by_another_model(
    chain: ModelChain, scripts: list[Script]
) -> None:
    for script in scripts:
        script.tool_uses = [ToolUse(name="book")]
    scripts[0].fault, scripts[0].holds_after = "error_event", 1
    called: list[str] = []

    async def read() -> None:
        async for chunk in chain.stream(QUESTION, tools=[Tool("book", "Books a table.", {"type": "object"})]):
            called.extend(call.name for call in chunk.tool_calls)
            scripts[0].go_on.set()

    with pytest.raises(LlmInterruptedError):
        await read()
    assert called == ["book"]
    assert scripts[1].requests == []


async def test_once_words_were_seen_no_other_model_contradicts_them(
    chain: ModelChain, scripts: list[Script]
) -> None:
    scripts[0].fault = "cut"
    seen: list[str] = []

    async def read() -> None:
        async for chunk in chain.stream(QUESTION):
            seen.append(chunk.text)  # noqa: PERF401 - what came before the error counts

    with pytest.raises(LlmInterruptedError):
        await read()
    assert "".join(seen).startswith("You said")
    assert scripts[1].requests == []


async def test_when_no_model_answers_the_last_ones_error_is_told(
    chain: ModelChain, scripts: list[Script]
) -> None:
    scripts[0].fault, scripts[1].fault = "refused", "broken"
    with pytest.raises(LlmUnavailableError):
        await ask(chain)


async def test_every_model_is_counted_by_its_name_and_how_it_ended(
    chain: ModelChain, scripts: list[Script]
) -> None:
    def calls(model: str, outcome: str) -> float:
        labels = {"model": model, "outcome": outcome}
        return REGISTRY.get_sample_value("vitte_llm_calls_total", labels) or 0

    def tokens() -> float:
        labels = {"model": "second", "kind": "completion"}
        return REGISTRY.get_sample_value("vitte_llm_tokens_total", labels) or 0

    counted = calls("first", "llm_overloaded"), calls("second", "complete"), tokens()
    scripts[0].fault = "overloaded"
    await ask(chain)
    assert (calls("first", "llm_overloaded"), calls("second", "complete")) == (counted[0] + 1, counted[1] + 1)
    assert tokens() > counted[2]
    # Somebody who stops an answer is no error of the model.
    abandoned = calls("second", "abandoned")
    answer = chain.stream(QUESTION)
    await anext(aiter(answer))
    await answer.aclose()
    assert calls("second", "abandoned") == abandoned + 1
