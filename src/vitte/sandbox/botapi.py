"""The Bot API's side of HTTP: calls are read off the wire without a framework, because there are many."""

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

import orjson
import structlog
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive, Scope, Send

from vitte.core.nursery import Nursery
from vitte.sandbox.dispatch import Answer, WithheldAnswer
from vitte.sandbox.errors import BotApiError
from vitte.sandbox.methods.params import UploadedFile
from vitte.sandbox.wire import cut, wait_until_gone

if TYPE_CHECKING:
    from vitte.sandbox.sandbox import Sandbox

logger = structlog.get_logger(__name__)

UPLOAD_LIMIT = 50 << 20
"""Bytes of all files of a call: https://core.telegram.org/bots/api#sending-files ."""
_OTHER_PARTS_LIMIT = 1 << 20
_TOKEN = re.compile(r"([1-9][0-9]{0,15}):\S+")
_TOKEN_LIMIT = 80
_JSON = b"application/json"
_NOT_FOUND = BotApiError(404, "Not Found")
_INVALID_TOKEN = BotApiError(401, "Unauthorized: invalid token specified")
_TOO_LARGE = BotApiError(413, "Request Entity Too Large")
_Values = dict[str, Any]
_Files = dict[str, UploadedFile]


class BotApi:
    """ASGI application for `/bot{token}/{method}` and `/file/bot{token}/{path}`."""

    def __init__(self, sandbox: "Sandbox") -> None:
        self._sandbox = sandbox
        self._polls = Nursery()

    @staticmethod
    def owns(path: str) -> bool:
        """Tell whether a request with this path is one for bots."""
        return path.startswith(("/bot", "/file/bot"))

    async def close(self) -> None:
        """End the calls that still wait."""
        await self._polls.stop()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            if scope["path"].startswith("/file/bot"):
                await self._download(scope, send)
                return
            answer = await self._answer(scope, receive)
        except BotApiError as error:
            answer = Answer(error.status, orjson.dumps(error.body()), error.retry_after)
        except WithheldAnswer:
            await cut(scope, receive)
            return
        except ClientDisconnect:
            return
        except Exception:
            logger.exception("sandbox_call_failed")
            body = BotApiError(500, "Internal Server Error").body()
            answer = Answer(500, orjson.dumps(body))
        if answer is not None:
            await _respond(send, answer)

    async def _answer(self, scope: Scope, receive: Receive) -> Answer | None:
        token, slash, method = scope["path"].removeprefix("/bot").partition("/")
        if not slash:
            raise _NOT_FOUND
        bot_id = _bot_id(token)
        values, files = await self._read(scope, receive)
        name = method.strip("/")
        if name.lower() != "getupdates":
            return await self._sandbox.dispatcher.run(bot_id, name, values, files)
        # A poll that nobody waits for any more must not take updates from the next one.
        poll = self._polls.start(
            self._sandbox.dispatcher.run(bot_id, name, values, files), name=f"poll:{bot_id}"
        )
        gone = await wait_until_gone(receive, poll)
        return None if gone else poll.result()

    async def _read(self, scope: Scope, receive: Receive) -> tuple[_Values, _Files]:
        values: _Values = {}
        files: _Files = {}
        if query := scope["query_string"]:
            values.update(parse_qsl(query.decode("latin-1"), keep_blank_values=True))
        headers = dict(scope["headers"])
        length = int(headers.get(b"content-length", b"0") or 0)
        if length > UPLOAD_LIMIT + _OTHER_PARTS_LIMIT:
            await _discard(receive)
            raise _TOO_LARGE
        content_type = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
        if content_type == b"multipart/form-data":
            await _read_multipart(Request(scope, receive), values, files)
        elif body := await _body(receive):
            _read_body(content_type, body, values)
        return values, files

    async def _download(self, scope: Scope, send: Send) -> None:
        token, _, path = scope["path"].removeprefix("/file/bot").partition("/")
        _bot_id(token)
        world = self._sandbox.world
        file = world.file_at(unquote(path))
        content = await world.blobs.read(file.blob) if file is not None else None
        if content is None:
            raise BotApiError(404, "Not Found: file not found")
        await _respond(send, Answer(200, content), content_type=b"application/octet-stream")


def _bot_id(token: str) -> int:
    token = unquote(token)
    match = _TOKEN.fullmatch(token)
    if match is None or len(token) > _TOKEN_LIMIT:
        raise _INVALID_TOKEN
    return int(match.group(1))


async def _discard(receive: Receive) -> None:
    """Read a body to its end: a client that still writes would miss the answer."""
    while (message := await receive())["type"] == "http.request" and message.get("more_body"):
        pass


async def _body(receive: Receive) -> bytes:
    chunks = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > UPLOAD_LIMIT + _OTHER_PARTS_LIMIT:
            raise _TOO_LARGE
        chunks.append(chunk)
        if not message.get("more_body"):
            return b"".join(chunks)


def _read_body(content_type: bytes, body: bytes, values: _Values) -> None:
    if content_type == _JSON:
        try:
            sent = orjson.loads(body)
        except orjson.JSONDecodeError:
            raise BotApiError(400, "Bad Request: can't parse request JSON object") from None
        if not isinstance(sent, dict):
            raise BotApiError(400, "Bad Request: can't parse request JSON object")
        values.update(sent)
    elif content_type == b"application/x-www-form-urlencoded":
        values.update(parse_qsl(body.decode(errors="replace"), keep_blank_values=True))


async def _read_multipart(request: Request, values: _Values, files: _Files) -> None:
    try:
        async with request.form(max_part_size=_OTHER_PARTS_LIMIT) as form:
            for name, part in form.multi_items():
                if isinstance(part, UploadFile):
                    content = await part.read()
                    files[name] = UploadedFile(part.filename or name, part.content_type or "", content)
                else:
                    values[name] = part
    except MultiPartException:
        raise BotApiError(400, "Bad Request: can't parse request form data") from None
    if sum(len(file.content) for file in files.values()) > UPLOAD_LIMIT:
        raise _TOO_LARGE


async def _respond(send: Send, answer: Answer, *, content_type: bytes = _JSON) -> None:
    headers = [(b"content-type", content_type), (b"content-length", str(len(answer.body)).encode())]
    if answer.retry_after is not None:
        headers.append((b"retry-after", str(answer.retry_after).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
