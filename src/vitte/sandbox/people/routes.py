"""The people side over HTTP, and the events over WebSocket."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import orjson
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from vitte.sandbox.errors import PeopleApiError
from vitte.sandbox.hub import EVERYBODY
from vitte.sandbox.methods.commands import commands_for_person
from vitte.sandbox.methods.params import UploadedFile
from vitte.sandbox.model import Bot, Json

if TYPE_CHECKING:
    from vitte.sandbox.sandbox import Sandbox

_FILES_LIMIT = 50 << 20
_GOING_AWAY = 1001
_KINDS = {
    "photos": "photo",
    "documents": "document",
    "voices": "voice",
    "audios": "audio",
    "video_notes": "video_note",
}
"""What may be sent, by the last word of the address."""


def json_response(content: Any, *, status: int = 200) -> Response:
    """Return `content` as JSON."""
    return Response(orjson.dumps(content), status_code=status, media_type="application/json")


async def json_body(request: Request) -> Json:
    """Return the JSON object that was sent."""
    try:
        body = orjson.loads(await request.body() or b"{}")
    except orjson.JSONDecodeError:
        raise PeopleApiError(400, "The body is no JSON.") from None
    if not isinstance(body, dict):
        raise PeopleApiError(400, "The body is no JSON object.")
    return body


def text_of(body: Json, name: str, *, default: str | None = None) -> str:
    """Return a string of the body; without `default` it must be there."""
    value = body.get(name, default)
    if not isinstance(value, str):
        raise PeopleApiError(400, f'"{name}" must be a string.')
    return value


def integer_of(body: Json, name: str) -> int:
    """Return a whole number of the body."""
    value = body.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise PeopleApiError(400, f'"{name}" must be a whole number.')
    return value


class PeopleRoutes:
    """Handlers of `/sandbox/state`, `/sandbox/people`, `/sandbox/files` and the event sockets."""

    def __init__(self, sandbox: "Sandbox") -> None:
        self._sandbox = sandbox
        self._world = sandbox.world
        self._people = sandbox.people

    def routes(self) -> list[BaseRoute]:
        """Return the routes."""
        chat = "/sandbox/people/{person:int}/chats/{bot:int}"
        return [
            Route("/sandbox/state", self.state, methods=["GET"]),
            Route("/sandbox/people", self.add_person, methods=["POST"]),
            Route(chat, self.chat, methods=["GET"]),
            Route(f"{chat}/messages", self.write, methods=["POST"]),
            Route(f"{chat}/messages/{{message:int}}", self.edit, methods=["PATCH"]),
            *(Route(f"{chat}/{name}", self.send_file, methods=["POST"]) for name in _KINDS),
            Route(f"{chat}/albums", self.send_album, methods=["POST"]),
            Route(f"{chat}/forwards", self.forward, methods=["POST"]),
            Route(f"{chat}/callbacks", self.press, methods=["POST"]),
            Route(f"{chat}/stop", self.stop, methods=["POST"]),
            Route(f"{chat}/blocked", self.set_blocked, methods=["PUT"]),
            Route("/sandbox/files/{name}", self.file, methods=["GET"]),
            WebSocketRoute("/sandbox/people/{person:int}/events", self.events),
            WebSocketRoute("/sandbox/events", self.all_events),
        ]

    async def state(self, request: Request) -> Response:
        """Return who is there."""
        language = request.query_params.get("language", "")
        bots = [self._bot(bot, chat_id=None, language=language) for bot in self._world.bots.values()]
        people = [person.public() for person in self._world.people.values()]
        return json_response({"bots": bots, "people": people})

    async def add_person(self, request: Request) -> Response:
        """Let a person in."""
        body = await json_body(request)
        first_name = text_of(body, "first_name").strip()
        if not first_name:
            raise PeopleApiError(400, "A person needs a first name.")
        person = self._world.add_person(
            first_name=first_name,
            last_name=text_of(body, "last_name", default="") or None,
            username=text_of(body, "username", default="").removeprefix("@") or None,
            language_code=text_of(body, "language_code", default="") or "en",
        )
        return json_response(person.public(), status=201)

    async def chat(self, request: Request) -> Response:
        """Return a chat with all its messages."""
        person_id, bot_id = _ids(request)
        person, bot = self._people.person(person_id), self._world.bot(bot_id)
        chat = self._world.chat(bot.id, person.id)
        draft = self._world.draft(chat) if chat is not None else None
        return json_response(
            {
                "bot": self._bot(bot, chat_id=person.id, language=person.language_code),
                "blocked": chat is not None and chat.blocked,
                "messages": [self._world.shown(message) for message in chat.messages.values()]
                if chat
                else [],
                "draft": draft.public() if draft is not None else None,
            }
        )

    async def write(self, request: Request) -> Response:
        """Send a text."""
        body = await json_body(request)
        reply_to = integer_of(body, "reply_to_message_id") if body.get("reply_to_message_id") else None
        message = self._people.write(
            *_ids(request),
            text_of(body, "text"),
            reply_to=reply_to,
            quote=text_of(body, "quote", default=""),
        )
        return json_response(self._world.shown(message), status=201)

    async def edit(self, request: Request) -> Response:
        """Change a text."""
        body = await json_body(request)
        message = self._people.edit(*_ids(request), request.path_params["message"], text_of(body, "text"))
        return json_response(self._world.shown(message))

    async def send_file(self, request: Request) -> Response:
        """Send a file, of the kind that the address names."""
        kind = _KINDS[request.url.path.rpartition("/")[2]]
        async with _uploads(request) as (files, fields):
            reply_to = fields.get("reply_to_message_id", "")
            message = await self._people.send_file(
                *_ids(request),
                kind,
                files[0],
                caption=fields.get("caption", ""),
                reply_to=int(reply_to) if reply_to.isdecimal() else None,
            )
        return json_response(self._world.shown(message), status=201)

    async def send_album(self, request: Request) -> Response:
        """Send several files of one kind at once."""
        async with _uploads(request) as (files, fields):
            messages = await self._people.send_album(
                *_ids(request), fields.get("kind", "photo"), files, caption=fields.get("caption", "")
            )
        return json_response([self._world.shown(message) for message in messages], status=201)

    async def forward(self, request: Request) -> Response:
        """Forward a text from somebody."""
        body = await json_body(request)
        origin = body.get("origin")
        if not isinstance(origin, dict):
            raise PeopleApiError(400, '"origin" must be a MessageOrigin.')
        message = self._people.forward(*_ids(request), text_of(body, "text"), origin=origin)
        return json_response(self._world.shown(message), status=201)

    async def press(self, request: Request) -> Response:
        """Press a button."""
        body = await json_body(request)
        query_id = self._people.press(*_ids(request), integer_of(body, "message_id"), text_of(body, "data"))
        return json_response({"callback_query_id": query_id})

    async def stop(self, request: Request) -> Response:
        """Press the stop button of the draft."""
        self._people.stop(*_ids(request))
        return json_response({})

    async def set_blocked(self, request: Request) -> Response:
        """Block or unblock the bot."""
        body = await json_body(request)
        if not isinstance(body.get("blocked"), bool):
            raise PeopleApiError(400, '"blocked" must be true or false.')
        self._people.set_blocked(*_ids(request), blocked=body["blocked"])
        return json_response({})

    async def file(self, request: Request) -> Response:
        """Return the bytes of a file."""
        file = self._world.files.get(request.path_params["name"])
        content = await self._world.blobs.read(file.blob) if file is not None else None
        if file is None or content is None:
            raise PeopleApiError(404, "There is no such file.")
        # Whatever a document claims to be, a browser shows pictures and recordings only on this origin.
        inline = file.kind != "document" and file.mime_type.startswith(("image/", "audio/", "video/"))
        headers = {
            "Cache-Control": "private, max-age=31536000, immutable",
            "X-Content-Type-Options": "nosniff",
            "Content-Disposition": "inline" if inline else "attachment",
        }
        return Response(content, media_type=file.mime_type, headers=headers)

    async def events(self, socket: WebSocket) -> None:
        """Send one person's events."""
        person_id = socket.path_params["person"]
        if person_id not in self._world.people:
            await socket.close(code=4404, reason="no such person")
            return
        await self._send_events(socket, person_id)

    async def all_events(self, socket: WebSocket) -> None:
        """Send everybody's events."""
        await self._send_events(socket, EVERYBODY)

    async def _send_events(self, socket: WebSocket, person_id: int) -> None:
        with self._sandbox.hub.listening(person_id) as listener:
            await socket.accept()
            sending = self._sandbox.nursery.start(_forward(socket, listener.frames()), name="events")
            try:
                await _until_closed(socket, sending)
            finally:
                sending.cancel()
                await asyncio.wait({sending})

    def _bot(self, bot: Bot, *, chat_id: int | None, language: str) -> Json:
        return {
            "id": bot.id,
            "first_name": bot.first_name,
            "username": bot.username,
            "commands": commands_for_person(bot, chat_id=chat_id, language=language),
        }


async def _forward(socket: WebSocket, frames: Any) -> None:
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):
        async for frame in frames:
            await socket.send_text(frame)
        await socket.close(code=_GOING_AWAY)


async def _until_closed(socket: WebSocket, sending: "asyncio.Task[None]") -> None:
    with contextlib.suppress(WebSocketDisconnect):
        while not sending.done():
            await socket.receive_text()


def _ids(request: Request) -> tuple[int, int]:
    return request.path_params["person"], request.path_params["bot"]


@contextlib.asynccontextmanager
async def _uploads(request: Request) -> AsyncIterator[tuple[list[UploadedFile], dict[str, str]]]:
    """Read a form: its files, at least one, and its other fields."""
    if int(request.headers.get("content-length") or 0) > _FILES_LIMIT:
        raise PeopleApiError(413, "The file is bigger than 50 MB.")
    async with request.form() as form:
        files = [
            UploadedFile(part.filename or "file", part.content_type or "", await part.read())
            for part in form.getlist("file")
            if isinstance(part, UploadFile)
        ]
        if not files:
            raise PeopleApiError(400, 'The form has no "file".')
        yield files, {name: value for name, value in form.items() if isinstance(value, str)}
