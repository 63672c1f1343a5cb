"""The server: an endpoint like OpenAI's."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import orjson
from aiohttp import web

from vitte.sandbox.llm.media import heard, silent_wav, spoken, vector
from vitte.sandbox.llm.refusals import refusal, refusal_of, refusal_of_input
from vitte.sandbox.llm.script import Fault, Script
from vitte.sandbox.llm.tools import tool_deltas

_FOREVER = 3600.0
_BROKEN_OFF: tuple[Fault, ...] = ("cut", "not_json", "error_event")
_MOST_SENT = 64 << 20
_FILLING = ("and", "so", "there", "is", "more", "to", "say", "about", "it", "than", "most", "would", "think")
_Answer = Callable[[web.Request, Fault | None], Awaitable[web.StreamResponse]]


class ScriptedModel:
    """The server's behaviour; answers "You said: ..." unless the script knows better."""

    def __init__(self, script: Script) -> None:
        self.script = script

    def app(self) -> web.Application:
        """Return the application that serves all of it below `/v1`."""
        app = web.Application(client_max_size=_MOST_SENT)
        app.add_routes(
            [
                web.post("/v1/chat/completions", self._counted(self._complete)),
                web.post("/v1/audio/transcriptions", self._counted(self._transcribe)),
                web.post("/v1/audio/speech", self._counted(self._speak)),
                web.post("/v1/embeddings", self._counted(self._embed)),
                web.get("/v1/models", self._list_models),
            ]
        )
        return app

    def _counted(self, answer: _Answer) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """Let a call meet its fault, and count it."""

        async def handle(request: web.Request) -> web.StreamResponse:
            script = self.script
            script.calls += 1
            script.going_on += 1
            script.most_going_on = max(script.most_going_on, script.going_on)
            if script.keeps_requests:
                script.keys.append(request.headers.get("Authorization", ""))
            try:
                fault = script.next_fault()
                if fault == "reset" and request.transport is not None:
                    request.transport.abort()
                    return web.Response()
                if fault == "silent":
                    await asyncio.sleep(_FOREVER)
                return await answer(request, fault)
            finally:
                script.going_on -= 1

        return handle

    async def _list_models(self, _: web.Request) -> web.Response:
        names = self.script.known_models or ["scripted"]
        return web.json_response(
            {"object": "list", "data": [{"id": name, "object": "model"} for name in names]}
        )

    async def _transcribe(self, request: web.Request, fault: Fault | None) -> web.StreamResponse:
        form = await request.post()
        file = form.get("file")
        if not isinstance(file, web.FileField):
            return refusal(400, "you must provide a file")
        audio = file.file.read()
        self._keep(
            {key: value for key, value in form.items() if isinstance(value, str)}
            | {"filename": file.filename, "content_type": file.content_type, "bytes": len(audio)}
        )
        if (refused := refusal_of(fault, self.script)) is not None:
            return refused
        await asyncio.sleep(self.script.first_token)
        text = self.script.transcript
        if text is None:
            text = heard(audio) or "This is what was said."
        usage = {"type": "duration", "seconds": max(1, len(text.split()) // 3)}
        return web.json_response({"text": text, "usage": usage})

    async def _speak(self, request: web.Request, fault: Fault | None) -> web.StreamResponse:
        body = orjson.loads(await request.read())
        self._keep(body)
        if (refused := refusal_of(fault, self.script)) is not None:
            return refused
        await asyncio.sleep(self.script.first_token)
        if self.script.speaks == "wav":
            return web.Response(body=silent_wav(), content_type="audio/wav")
        return web.Response(body=spoken(body["input"]), content_type="audio/ogg")

    async def _embed(self, request: web.Request, fault: Fault | None) -> web.StreamResponse:
        body = orjson.loads(await request.read())
        self._keep(body)
        if (refused := refusal_of(fault, self.script)) is not None:
            return refused
        await asyncio.sleep(self.script.first_token)
        texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
        if not all(texts):
            return refusal(400, "'$.input' is invalid.")
        data = [
            {"object": "embedding", "index": index, "embedding": vector(text)}
            for index, text in enumerate(texts)
        ]
        words = sum(len(text.split()) for text in texts)
        usage = {"prompt_tokens": words, "total_tokens": words}
        # Nothing promises their order but their numbers.
        return web.json_response({"object": "list", "data": data[::-1], "usage": usage})

    def _keep(self, body: dict[str, Any]) -> None:
        if self.script.keeps_requests:
            self.script.media_requests.append(body)

    async def _complete(self, request: web.Request, fault: Fault | None) -> web.StreamResponse:
        began = time.time()
        body = orjson.loads(await request.read())
        script = self.script
        if script.keeps_requests:
            script.requests.append(body)
        if (refused := refusal_of(fault, script) or refusal_of_input(body, script)) is not None:
            return refused
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        try:
            say = self._use_tools if self._wants_tools(body) else self._pieces
            async for piece in say(body, fault):
                await response.write(piece)
        except ConnectionResetError:
            script.abandoned += 1
            return response
        if script.on_end is not None:
            script.on_end(_question(body), began, time.time())
        if fault == "cut" and request.transport is not None:
            request.transport.abort()
        return response

    async def _pieces(self, body: dict[str, Any], fault: Fault | None) -> AsyncIterator[bytes]:
        script, loop = self.script, asyncio.get_running_loop()
        # From when the call came, not from the last word: a busy machine makes no model slower.
        due = loop.time() + script.first_token
        await asyncio.sleep(script.first_token)
        for _ in range(script.thoughts):
            due += script.between_tokens
            yield _event({"reasoning_content": "Hm. "})
            await asyncio.sleep(max(0.0, due - loop.time()))
        await self._hold(0)
        whole = [] if fault == "empty" else self._tokens(body)
        # https://platform.openai.com/docs/api-reference/chat/object: "length" when it was cut there.
        most = body.get("max_tokens", body.get("max_completion_tokens", len(whole)))
        tokens = whole[:most]
        for index, token in enumerate(tokens):
            if index:
                due += script.between_tokens
                await asyncio.sleep(max(0.0, due - loop.time()))
                await self._hold(index)
            if index == max(1, len(tokens) // 2):
                async for piece in self._fault_in_the_middle(fault):
                    yield piece
                if fault in _BROKEN_OFF:
                    return
            yield _event({"content": token if not index else f" {token}"})
        yield _event({}, finish_reason="stop" if len(tokens) == len(whole) else "length")
        async for piece in self._end(body, tokens=len(tokens)):
            yield piece

    async def _end(self, body: dict[str, Any], *, tokens: int) -> AsyncIterator[bytes]:
        if self.script.tells_usage:
            usage = {"prompt_tokens": len(body["messages"]), "completion_tokens": tokens}
            yield b"data: " + orjson.dumps({"choices": [], "usage": usage}) + b"\n\n"
        yield b"data: [DONE]\n\n"

    def _wants_tools(self, body: dict[str, Any]) -> bool:
        return bool(self.script.tool_uses and body.get("tools") and body["messages"][-1]["role"] != "tool")

    async def _use_tools(self, body: dict[str, Any], fault: Fault | None) -> AsyncIterator[bytes]:
        for deltas in tool_deltas(self.script.tool_uses, self.script.tool_style):
            yield _event({"tool_calls": deltas})
        yield _event({}, finish_reason="tool_calls")
        await self._hold(len(self.script.tool_uses))
        async for piece in self._fault_in_the_middle(fault):
            yield piece
        if fault not in _BROKEN_OFF:
            async for piece in self._end(body, tokens=len(self.script.tool_uses)):
                yield piece

    async def _hold(self, tokens: int) -> None:
        if tokens == self.script.holds_after:
            await self.script.go_on.wait()

    async def _fault_in_the_middle(self, fault: Fault | None) -> AsyncIterator[bytes]:
        if fault == "stalls":
            await asyncio.sleep(_FOREVER)
        while fault == "endless":
            yield _event({"content": "and so on " * 50})
            await asyncio.sleep(self.script.between_tokens)
        if fault == "not_json":
            yield b"data: {broken\n\n"
        if fault == "error_event":
            yield b"data: " + orjson.dumps({"error": {"message": "scripted"}}) + b"\n\n"

    def _tokens(self, body: dict[str, Any]) -> list[str]:
        if self.script.json_answer is not None and _wants_json(body):
            return self.script.json_answer.split(" ")
        tokens = self._answer(body).split(" ")
        most = body.get("max_tokens", body.get("max_completion_tokens", self.script.words))
        length = min(self.script.words, most)
        return tokens + [_FILLING[index % len(_FILLING)] for index in range(len(tokens), length)]

    def _answer(self, body: dict[str, Any]) -> str:
        if self.script.answer is not None:
            return self.script.answer
        said = "The tool said" if body["messages"][-1]["role"] == "tool" else "You said"
        return f"{said}: {_question(body)}"


def _wants_json(body: dict[str, Any]) -> bool:
    first = body["messages"][0]
    return first["role"] == "system" and "JSON" in str(first["content"])


def _question(body: dict[str, Any]) -> str:
    content = body["messages"][-1]["content"]
    if not isinstance(content, list):
        return str(content)
    words = [part["text"] for part in content if part["type"] == "text"]
    pictures = len(content) - len(words)
    return " ".join([*words, f"[{pictures} {'picture' if pictures == 1 else 'pictures'}]"])


def _event(delta: dict[str, Any], *, finish_reason: str | None = None) -> bytes:
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
