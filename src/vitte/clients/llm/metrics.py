"""What is counted of calls to language models, each by its name."""

import time
from collections.abc import AsyncGenerator, AsyncIterator

from prometheus_client import Counter, Histogram

from vitte.clients.llm.protocol import Chunk, LlmError

CALLS = Counter("vitte_llm_calls", "Calls by how they ended.", ["model", "outcome"])
TOKENS = Counter("vitte_llm_tokens", "Tokens, where the provider tells them.", ["model", "kind"])
FIRST_TOKEN_SECONDS = Histogram(
    "vitte_llm_first_token_seconds",
    "Time to the first piece of an answer.",
    ["model"],
    buckets=(0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60),
)
ANSWER_SECONDS = Histogram(
    "vitte_llm_answer_seconds",
    "Time of a whole answer.",
    ["model"],
    buckets=(0.5, 1, 2, 4, 8, 15, 30, 60, 120, 300),
)


async def measured(model: str, chunks: AsyncIterator[Chunk]) -> AsyncGenerator[Chunk]:
    """Pass an answer on, and count what it took. One that nobody wants to the end is "abandoned"."""
    started, has_begun, outcome = time.monotonic(), False, "abandoned"
    try:
        async for chunk in chunks:
            if (chunk.text or chunk.tool_calls) and not has_begun:
                has_begun = True
                FIRST_TOKEN_SECONDS.labels(model).observe(time.monotonic() - started)
            if chunk.usage is not None:
                TOKENS.labels(model, "prompt").inc(chunk.usage.prompt_tokens)
                TOKENS.labels(model, "completion").inc(chunk.usage.completion_tokens)
            yield chunk
        outcome = "complete"
        ANSWER_SECONDS.labels(model).observe(time.monotonic() - started)
    except LlmError as error:
        outcome = error.code
        raise
    finally:
        CALLS.labels(model, outcome).inc()
