"""A language model in a box: an OpenAI-compatible server that answers by script, for tests and load.

What it says and how fast is set in the question itself, or for all questions by `Script`. Faults are those
that real providers show: https://platform.openai.com/docs/guides/error-codes .
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson
from aiohttp import web

Fault = Literal[
    "refused",
    "overloaded",
    "broken",
    "silent",
    "stalls",
    "cut",
    "endless",
    "not_json",
    "error_event",
    "empty",
]

_STATUS: dict[str, int] = {"refused": 401, "overloaded": 429, "broken": 500}
_FOREVER = 3600.0
_FILLING = ("and", "so", "there", "is", "more", "to", "say", "about", "it", "than", "most", "would", "think")


@dataclass(kw_only=True)
class Script:
    """How the model behaves: seconds to the first token and between tokens, and what goes wrong."""

    answer: str | None = None
    first_token: float = 0.0
    between_tokens: float = 0.0
    fault: Fault | None = None
    words: int = 0
    """Least length of an answer; what the answer itself lacks is filled up, to `max_tokens` at most."""
    keeps_requests: bool = True
    holds_after: int | None = None
    """Tokens after which it says nothing until `go_on` is set."""
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    requests: list[dict[str, Any]] = field(default_factory=list)
    """Bodies of the calls so far, oldest first."""
    on_end: Callable[[str, float, float], None] | None = None
    """Told of an answer that was read to its end: the question, and Unix times of its begin and end."""
    abandoned: int = 0
    """Answers that nobody read to their end."""

    def hold_after(self, tokens: int) -> None:
        """Let it say so many tokens of each answer, whatever it holds back now, and then nothing."""
        self.holds_after = tokens
        self.go_on.set()
        self.go_on.clear()


class ScriptedModel:
    """The server's behaviour; answers "You said: ..." unless the script knows better."""

    def __init__(self, script: Script) -> None:
        self.script = script

    def app(self) -> web.Application:
        """Return the application that serves `/v1/chat/completions` and `/v1/models`."""
        app = web.Application()
        app.add_routes(
            [web.post("/v1/chat/completions", self._complete), web.get("/v1/models", self._list_models)]
        )
        return app

    async def _list_models(self, _: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": [{"id": "scripted", "object": "model"}]})

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        began = time.time()
        body = orjson.loads(await request.read())
        script = self.script
        if script.keeps_requests:
            script.requests.append(body)
        if script.fault in _STATUS:
            return web.json_response(
                {"error": {"message": f"scripted: {script.fault}", "type": script.fault}},
                status=_STATUS[script.fault],
            )
        if script.fault == "silent":
            await asyncio.sleep(_FOREVER)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        try:
            async for piece in self._pieces(body):
                await response.write(piece)
        except ConnectionResetError:
            script.abandoned += 1
            return response
        if script.on_end is not None:
            script.on_end(_question(body), began, time.time())
        if script.fault == "cut" and request.transport is not None:
            request.transport.abort()
        return response

    async def _pieces(self, body: dict[str, Any]) -> AsyncIterator[bytes]:
        script, loop = self.script, asyncio.get_running_loop()
        # From when the call came, not from the last word: a busy machine makes no model slower.
        due = loop.time() + script.first_token
        await asyncio.sleep(script.first_token)
        await self._hold(0)
        tokens = [] if script.fault == "empty" else self._tokens(body)
        for index, token in enumerate(tokens):
            if index:
                due += script.between_tokens
                await asyncio.sleep(max(0.0, due - loop.time()))
                await self._hold(index)
            if index == max(1, len(tokens) // 2):
                async for piece in self._fault_in_the_middle():
                    yield piece
                if script.fault in ("cut", "not_json", "error_event"):
                    return
            yield _event({"content": token if not index else f" {token}"})
        yield _event({}, finish_reason="stop")
        usage = {"prompt_tokens": len(body["messages"]), "completion_tokens": len(tokens)}
        yield b"data: " + orjson.dumps({"choices": [], "usage": usage}) + b"\n\n"
        yield b"data: [DONE]\n\n"

    async def _hold(self, tokens: int) -> None:
        if tokens == self.script.holds_after:
            await self.script.go_on.wait()

    async def _fault_in_the_middle(self) -> AsyncIterator[bytes]:
        script, fault = self.script, self.script.fault
        if fault == "stalls":
            await asyncio.sleep(_FOREVER)
        while fault == "endless":
            yield _event({"content": "and so on " * 50})
            await asyncio.sleep(script.between_tokens)
        if fault == "not_json":
            yield b"data: {broken\n\n"
        if fault == "error_event":
            yield b"data: " + orjson.dumps({"error": {"message": "scripted"}}) + b"\n\n"

    def _tokens(self, body: dict[str, Any]) -> list[str]:
        tokens = self._answer(body).split(" ")
        length = min(self.script.words, body.get("max_tokens", self.script.words))
        return tokens + [_FILLING[index % len(_FILLING)] for index in range(len(tokens), length)]

    def _answer(self, body: dict[str, Any]) -> str:
        if self.script.answer is not None:
            return self.script.answer
        return f"You said: {_question(body)}"


def _question(body: dict[str, Any]) -> str:
    return str(body["messages"][-1]["content"])


def _event(delta: dict[str, str], *, finish_reason: str | None = None) -> bytes:
    chunk = {
        "object": "chat.completion.chunk",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}],
    }
    return b"data: " + orjson.dumps(chunk) + b"\n\n"


@asynccontextmanager
async def running_model(script: Script, *, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
    """Serve the scripted model; yields its base URL on this machine, ending in `/v1`."""
    runner = web.AppRunner(ScriptedModel(script).app(), access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    finally:
        await runner.cleanup()
