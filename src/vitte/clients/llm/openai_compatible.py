"""A streaming client of OpenAI-compatible chat completions, on aiohttp.

The protocol: https://platform.openai.com/docs/api-reference/chat/create and .../chat/streaming .
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Any

import aiohttp
import orjson
import structlog

from vitte.clients.llm.protocol import (
    ChatMessage,
    Chunk,
    LlmError,
    LlmInterruptedError,
    LlmMisconfiguredError,
    LlmOverloadedError,
    LlmTimeoutError,
    LlmUnavailableError,
    Tool,
    Usage,
)
from vitte.clients.llm.request import request_body
from vitte.clients.llm.sse import EventDecoder, EventTooLongError
from vitte.core.settings.outside import LlmSettings

logger = structlog.get_logger(__name__)

MAX_ANSWER = 200_000
"""Longest answer, in characters: an endless one has to end."""
_DONE = b"[DONE]"
_MAX_LOGGED = 500
_GATHER_SECONDS = 0.05
_END_WITHIN = 0.02
"""Seconds from an answer's last event to the end of its response, or its connection is closed."""
# Seconds that a connection rests for the next question. Servers close theirs after two or more, and what is
# sent in that moment is lost.
_KEPT_FOR = 1.5
_ROUNDS_TO_READ = 2
"""Of the event loop, in which it looks at its sockets."""


class OpenAICompatibleModel:
    """One model at one endpoint. Keeps its connections; close it at the end."""

    def __init__(self, settings: LlmSettings) -> None:
        self._settings = settings
        self._session: aiohttp.ClientSession | None = None

    @property
    def name(self) -> str:
        """The model's name at its endpoint."""
        return self._settings.model

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    async def stream(
        self,
        messages: Sequence[ChatMessage],
        *,
        max_tokens: int | None = None,
        tools: Sequence[Tool] = (),
    ) -> AsyncGenerator[Chunk]:
        """Yield the answer as it is made. Raises LlmError, before or between pieces.

        Time-outs: to the first piece with content, of silence, and in total; the consumer's own time counts
        for the total only.
        """
        settings = self._settings
        body = request_body(
            messages,
            model=settings.model,
            temperature=settings.temperature,
            max_tokens=max_tokens or settings.max_tokens,
            tools=tools,
        )
        deadline = asyncio.get_running_loop().time() + settings.total_timeout
        async with (
            self._post(body, deadline) as response,
            aclosing(self._chunks(response, deadline)) as chunks,
        ):
            async for chunk in chunks:
                yield chunk

    @asynccontextmanager
    async def _post(self, body: bytes, deadline: float) -> AsyncIterator[aiohttp.ClientResponse]:
        settings = self._settings
        headers = {"Content-Type": "application/json", "Accept": "text/event-stream"}
        if key := settings.api_key.get_secret_value():
            headers["Authorization"] = f"Bearer {key}"
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEPT_FOR)
            self._session = aiohttp.ClientSession(connector=connector)
        response: aiohttp.ClientResponse | None = None
        try:
            # Models that think before they speak send no headers meanwhile: this wait is the first token's.
            async with asyncio.timeout_at(min(deadline, _from_now(settings.first_token_timeout))):
                response = await self._session.post(
                    f"{settings.base_url}/chat/completions",
                    data=body,
                    headers=headers,
                    timeout=aiohttp.ClientTimeout(total=None, sock_connect=settings.connect_timeout),
                    allow_redirects=False,
                )
                if response.status != 200:
                    raise await _refusal(response)
            yield response
        except TimeoutError:
            raise LlmTimeoutError("no answer in time") from None
        except aiohttp.ClientError as error:
            raise LlmUnavailableError(type(error).__name__) from error
        finally:
            if response is not None:
                # Not release(): the rest of an answer that nobody wants must stop being made.
                response.close()

    async def _chunks(self, response: aiohttp.ClientResponse, deadline: float) -> AsyncGenerator[Chunk]:
        decoder = EventDecoder()
        silence_ends = _from_now(self._settings.first_token_timeout)
        length, finished = 0, False
        at_end = False
        while not at_end:
            if _from_now(0) >= deadline:
                # A read that finds something in the buffer does not wait, and so is never timed out.
                raise LlmTimeoutError("no end in time")
            events, at_end = await self._read(response, decoder, min(deadline, silence_ends))
            chunk, is_done, error = _join(events)
            length += len(chunk.text)
            if length > MAX_ANSWER:
                raise LlmInterruptedError("the answer does not end")
            finished = finished or chunk.finish_reason is not None
            if chunk.text or chunk.finish_reason or chunk.usage:
                yield chunk
                # Counted anew after the yield: the consumer's own pace is not the model's silence.
                silence_ends = _from_now(self._settings.idle_timeout)
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
    if connection is None or connection.protocol is None:
        return  # all has been read
    connection.protocol.pause_reading()
    try:
        # All answers of this process at one beat, for which the loop wakes up once.
        await asyncio.sleep(_GATHER_SECONDS - _from_now(0) % _GATHER_SECONDS)
    finally:
        connection.protocol.resume_reading()
    # What the socket holds by now is to be in the buffer before that is read: or a word that had slipped in
    # before the pause would be all there is, and the others wait once more.
    for _ in range(_ROUNDS_TO_READ):
        await asyncio.sleep(0)


async def _reach_end(response: aiohttp.ClientResponse) -> None:
    """Read what ends a complete answer: then its connection is kept, and the next needs no other."""
    with suppress(TimeoutError, aiohttp.ClientError):
        async with asyncio.timeout(_END_WITHIN):
            await response.content.wait_eof()


def _from_now(seconds: float) -> float:
    return asyncio.get_running_loop().time() + seconds


async def _refusal(response: aiohttp.ClientResponse) -> LlmError:
    """Make the error of an answer whose status is not 200."""
    detail = (await response.content.read(_MAX_LOGGED)).decode(errors="replace")
    logger.warning("llm_refused", status=response.status, detail=detail)
    message = f"status {response.status}"
    if response.status in (429, 529):
        return LlmOverloadedError(message)
    if response.status in (408, 504):
        return LlmTimeoutError(message)
    if response.status >= 500:
        return LlmUnavailableError(message)
    return LlmMisconfiguredError(message)


def _join(events: list[bytes]) -> tuple[Chunk, bool, LlmInterruptedError | None]:
    """Return events as one piece, whether the answer is done, and what stands in the way of the rest."""
    text, finish_reason, usage = "", None, None
    for event in events:
        if event == _DONE:
            return Chunk(text=text, finish_reason=finish_reason, usage=usage), True, None
        try:
            chunk = _parse(event)
        except LlmInterruptedError as error:
            return Chunk(text=text, finish_reason=finish_reason, usage=usage), False, error
        text += chunk.text
        finish_reason = chunk.finish_reason or finish_reason
        usage = chunk.usage or usage
    return Chunk(text=text, finish_reason=finish_reason, usage=usage), False, None


def _parse(event: bytes) -> Chunk:
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
        text = (choice.get("delta") or {}).get("content") or ""
        usage = data.get("usage")
        return Chunk(
            # PostgreSQL stores any character but this one.
            text=str(text).replace("\0", ""),
            finish_reason=choice.get("finish_reason"),
            usage=Usage(
                prompt_tokens=int(usage.get("prompt_tokens") or 0),
                completion_tokens=int(usage.get("completion_tokens") or 0),
            )
            if usage
            else None,
        )
    except (AttributeError, TypeError, ValueError, KeyError):
        raise LlmInterruptedError("an event is not a chunk of an answer") from None
