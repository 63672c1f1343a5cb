"""A streaming client of OpenAI-compatible chat completions, on aiohttp.

The protocol: https://platform.openai.com/docs/api-reference/chat/create and .../chat/streaming .
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, suppress
from typing import Any

import aiohttp
import orjson
import structlog

from vitte.clients.endpoint.endpoint import Endpoint
from vitte.clients.llm.protocol import (
    ChatMessage,
    Chunk,
    LlmInterruptedError,
    LlmMisconfiguredError,
    LlmTimeoutError,
    Tool,
    Usage,
)
from vitte.clients.llm.refusals import LLM_ERRORS, Explainer
from vitte.clients.llm.request import Dialect, request_body
from vitte.clients.llm.specs import ModelSpec, Patience
from vitte.clients.llm.sse import EventDecoder, EventTooLongError
from vitte.clients.llm.tool_calls import ToolCallCollector

logger = structlog.get_logger(__name__)

MAX_ANSWER = 200_000
"""Longest answer, in characters: an endless one has to end."""
_DONE = b"[DONE]"
_MAX_LOGGED = 500
_HEADERS = {"Content-Type": "application/json", "Accept": "text/event-stream"}
_GATHER_SECONDS = 0.075
_END_WITHIN = 0.02
"""Seconds from an answer's last event to the end of its response, or its connection is closed."""
_ROUNDS_TO_READ = 2
"""Of the event loop, in which it looks at its sockets."""


class OpenAICompatibleModel:
    """One model at one endpoint, whose connections it shares with others."""

    def __init__(self, endpoint: Endpoint, spec: ModelSpec, patience: Patience) -> None:
        self._endpoint = endpoint
        self._spec = spec
        self._patience = patience
        self._dialect = Dialect()

    @property
    def name(self) -> str:
        """The model's name at its endpoint."""
        return self._spec.name

    @property
    def spec(self) -> ModelSpec:
        """What is known of the model."""
        return self._spec

    async def stream(
        self,
        messages: Sequence[ChatMessage],
        *,
        max_tokens: int | None = None,
        tools: Sequence[Tool] = (),
    ) -> AsyncGenerator[Chunk]:
        """Yield the answer as it is made. Raises LlmError, before or between pieces.

        Time-outs: to the first piece with content, of silence, and in total; the consumer's own time counts
        for the total only. All tries together have the first piece's time.
        """
        deadline = _from_now(self._patience.total)
        async with self._endpoint.admission(LLM_ERRORS, until=deadline) as admission:
            begins_by = min(deadline, _from_now(self._patience.first_token))
            async with (
                self._post(messages, max_tokens=max_tokens, tools=tools, until=begins_by) as response,
                aclosing(self._chunks(response, deadline, begins_by)) as chunks,
            ):
                async for chunk in chunks:
                    admission.note_answer()
                    yield chunk

    @asynccontextmanager
    async def _post(
        self, messages: Sequence[ChatMessage], *, max_tokens: int | None, tools: Sequence[Tool], until: float
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        async with AsyncExitStack() as stack:
            while True:
                body = request_body(messages, self._spec, self._dialect, max_tokens=max_tokens, tools=tools)
                explain = Explainer(
                    has_images=any(message.images for message in messages), has_tools=bool(tools)
                )
                try:
                    response = await stack.enter_async_context(
                        self._endpoint.post(
                            "/chat/completions",
                            body,
                            errors=LLM_ERRORS,
                            explain=explain,
                            until=until,
                            headers=_HEADERS,
                        )
                    )
                except LlmMisconfiguredError:
                    # What it knows by another name is learnt once.
                    if explain.refusal is None or not self._dialect.learn(explain.refusal):
                        raise
                    continue
                # Models that think before they speak send no headers meanwhile: it is the first token's time.
                yield response
                return

    async def _chunks(
        self, response: aiohttp.ClientResponse, deadline: float, silence_ends: float
    ) -> AsyncGenerator[Chunk]:
        decoder, calls = EventDecoder(), ToolCallCollector()
        length, finished = 0, False
        at_end = False
        while not at_end:
            if _from_now(0) >= deadline:
                # A read that finds something in the buffer does not wait, and so is never timed out.
                raise LlmTimeoutError("no end in time")
            events, at_end = await self._read(response, decoder, min(deadline, silence_ends))
            called = calls.length
            chunk, is_done, error = _join(events, calls)
            length += len(chunk.text)
            if length + calls.length > MAX_ANSWER:
                raise LlmInterruptedError("the answer does not end")
            finished = finished or chunk.finish_reason is not None
            if chunk.text or chunk.finish_reason or chunk.usage or chunk.tool_calls or chunk.is_thinking:
                yield chunk
                # Counted anew after the yield: the consumer's own pace is not the model's silence.
                silence_ends = _from_now(self._patience.idle)
            elif calls.length > called:
                silence_ends = _from_now(self._patience.idle)
            if error is not None:
                raise error
            if is_done:
                await _reach_end(response)
                return
            if length and not finished:
                await _let_words_gather(response)
        if not finished:
            raise LlmInterruptedError("the answer broke off")

    async def _read(
        self, response: aiohttp.ClientResponse, decoder: EventDecoder, until: float
    ) -> tuple[list[bytes], bool]:
        """Return the next events, and whether the stream is at its end."""
        try:
            async with asyncio.timeout_at(until):
                piece = await response.content.readany()
            return (decoder.feed(piece), False) if piece else (decoder.close(), True)
        except TimeoutError:
            raise LlmTimeoutError("the model fell silent") from None
        except (aiohttp.ClientError, EventTooLongError) as error:
            raise LlmInterruptedError(type(error).__name__) from error


async def _let_words_gather(response: aiohttp.ClientResponse) -> None:
    """Leave what comes next in the socket for a moment.

    To wake up for every single token is most of what reading an answer costs, and no chat shows each of them.
    """
    connection = response.connection
    transport = None if connection is None else connection.transport
    if transport is None:
        return  # all has been read
    # TLS of uvloop loses what has come while it was paused when the server closes the connection then.
    is_paused = transport.get_extra_info("ssl_object") is None
    if is_paused:
        # Not the protocol, which would pause its parser too: that hands on by halves what it finds then.
        transport.pause_reading()
    try:
        await asyncio.sleep(_until_next_beat(_from_now(0)))
    finally:
        if is_paused:
            transport.resume_reading()
    # What the socket holds by now is to be in the buffer before that is read: or a word that had slipped in
    # before the pause would be all there is, and the others wait once more.
    for _ in range(_ROUNDS_TO_READ):
        await asyncio.sleep(0)


def _until_next_beat(now: float) -> float:
    """Return the seconds until all answers of this process are read, for which the loop wakes up once."""
    wait = _GATHER_SECONDS - now % _GATHER_SECONDS
    # A loop whose clock knows milliseconds wakes up just before the beat, and would do so once more at it.
    return wait if wait > _GATHER_SECONDS / 8 else wait + _GATHER_SECONDS


async def _reach_end(response: aiohttp.ClientResponse) -> None:
    """Read what ends a complete answer: then its connection is kept, and the next needs no other."""
    with suppress(TimeoutError, aiohttp.ClientError):
        async with asyncio.timeout(_END_WITHIN):
            await response.content.wait_eof()


def _from_now(seconds: float) -> float:
    return asyncio.get_running_loop().time() + seconds


def _join(events: list[bytes], calls: ToolCallCollector) -> tuple[Chunk, bool, LlmInterruptedError | None]:
    """Return events as one piece, whether the answer is done, and what stands in the way of the rest."""
    text, finish_reason, usage = "", None, None
    is_done, is_thinking, error = False, False, None
    for event in events:
        if event == _DONE:
            is_done = True
            break
        try:
            chunk = _parse(event, calls)
        except LlmInterruptedError as fault:
            error = fault
            break
        text += chunk.text
        finish_reason = chunk.finish_reason or finish_reason
        usage = chunk.usage or usage
        is_thinking = is_thinking or chunk.is_thinking
    # Only now is a call sure to be whole; some servers say that they are done and give no reason.
    called = calls.take() if error is None and (finish_reason or is_done) else ()
    joined = Chunk(
        text=text, finish_reason=finish_reason, usage=usage, tool_calls=called, is_thinking=is_thinking
    )
    return joined, is_done, error


def _parse(event: bytes, calls: ToolCallCollector) -> Chunk:
    """Return what one event says. Raises LlmInterruptedError when it is not a chunk, or tells an error."""
    try:
        data = orjson.loads(event)
    except orjson.JSONDecodeError:
        raise LlmInterruptedError("an event is not JSON") from None
    if not isinstance(data, dict) or data.get("error"):
        logger.warning("llm_error_in_stream", detail=event[:_MAX_LOGGED].decode(errors="replace"))
        raise LlmInterruptedError("the model reported an error")
    try:
        choices: list[dict[str, Any]] = data.get("choices") or []
        choice = choices[0] if choices else {}
        delta = choice.get("delta") or {}
        text = delta.get("content") or ""
        is_thinking = bool(delta.get("reasoning_content") or delta.get("reasoning"))
        if isinstance(text, list):
            is_thinking = True
            # In parts, of which some are thoughts: https://docs.mistral.ai/capabilities/reasoning/
            text = "".join(str(part.get("text") or "") for part in text if part.get("type") == "text")
        if pieces := delta.get("tool_calls"):
            calls.add(pieces)
        usage = data.get("usage")
        return Chunk(
            # PostgreSQL stores any character but this one.
            text=str(text).replace("\0", ""),
            finish_reason=choice.get("finish_reason"),
            is_thinking=is_thinking,
            usage=Usage(
                prompt_tokens=int(usage.get("prompt_tokens") or 0),
                completion_tokens=int(usage.get("completion_tokens") or 0),
            )
            if usage
            else None,
        )
    except (AttributeError, TypeError, ValueError, KeyError):
        raise LlmInterruptedError("an event is not a chunk of an answer") from None
