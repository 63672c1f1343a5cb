"""Talks to a sandbox, in this process or another one, as people do: for tests, checkers and load."""

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import aiohttp
import orjson

from vitte.core.nursery import Nursery
from vitte.sandbox.model import Json
from vitte.sandbox.sending import FileSender

Predicate = Callable[[Json], bool]
_PATIENCE = 60.0


class SandboxRefusedError(Exception):
    """The sandbox refused a request of the people or control side."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(f"{status}: {sentence}")
        self.status = status
        self.sentence = sentence


class SandboxClient:
    """One sandbox, by its base URL. An async context manager: leaving it closes all people's sockets."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url.rstrip("/")
        self._session: aiohttp.ClientSession | None = None
        self._people: list[SandboxPerson] = []

    async def __aenter__(self) -> Self:
        """Begin."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End."""
        await self.close()

    async def close(self) -> None:
        """Close every socket and the session."""
        for person in self._people:
            await person.close()
        self._people.clear()
        if self._session is not None:
            await self._session.close()
            self._session = None

    @property
    def session(self) -> aiohttp.ClientSession:
        """Return the HTTP session; made on first use, inside the event loop."""
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=0)
            self._session = aiohttp.ClientSession(connector=connector, json_serialize=_dumps)
        return self._session

    # People

    async def person(
        self,
        first_name: str = "Anna",
        *,
        last_name: str | None = None,
        username: str | None = None,
        language_code: str = "en",
        bot_id: int = 42,
        listen: bool = True,
    ) -> "SandboxPerson":
        """Let a new person in who talks to the bot `bot_id`; with `listen` their events are followed."""
        body = {"first_name": first_name, "language_code": language_code}
        if last_name is not None:
            body["last_name"] = last_name
        if username is not None:
            body["username"] = username
        data = await self.post("/sandbox/people", body)
        return await self.known_person(data["id"], bot_id=bot_id, listen=listen)

    async def known_person(self, person_id: int, *, bot_id: int = 42, listen: bool = True) -> "SandboxPerson":
        """Return a handle of a person who is there already."""
        person = SandboxPerson(self, person_id, bot_id)
        self._people.append(person)
        if listen:
            await person.listen()
        return person

    async def state(self, *, language: str = "") -> Json:
        """Return {"bots": […], "people": […]}."""
        state: Json = await self.get("/sandbox/state", {"language": language})
        return state

    # Control

    async def add_fault(self, kind: str, **options: Any) -> int:
        """Put a fault in force (see `vitte.sandbox.faults.Fault` for the options) and return its id."""
        answer = await self.post("/sandbox/control/faults", {"kind": kind, **options})
        return int(answer["id"])

    async def clear_faults(self) -> None:
        """Remove all faults."""
        await self.request("DELETE", "/sandbox/control/faults")

    async def inject(
        self, updates: Iterable[Json], *, bot_id: int = 42, copies: int = 1, shuffle: bool = False
    ) -> list[Any]:
        """Queue updates made by hand and return their ids."""
        body = {"bot_id": bot_id, "updates": list(updates), "copies": copies, "shuffle": shuffle}
        answer = await self.post("/sandbox/control/updates", body)
        ids: list[Any] = answer["update_ids"]
        return ids

    async def let_in(self, count: int, *, languages: Sequence[str] = ("en",)) -> list[int]:
        """Let many people in, who take turns with the languages, and return their ids."""
        answer = await self.post("/sandbox/control/people", {"count": count, "languages": list(languages)})
        ids: list[int] = answer["ids"]
        return ids

    async def write(self, messages: Iterable[tuple[int, str]], *, bot_id: int = 42) -> list[int]:
        """Let many people write, each pair a person's id and a text; return the ids of the messages."""
        body = {"bot_id": bot_id, "messages": list(messages)}
        answer = await self.post("/sandbox/control/messages", body)
        ids: list[int] = answer["message_ids"]
        return ids

    async def calls(
        self, *, method: str | None = None, bot_id: int | None = None, after: int = 0, kind: str = "call"
    ) -> list[Json]:
        """Return lines of the call log; `kind` "call", "delivery" or "all"."""
        query = {"after": str(after), "kind": kind}
        if method is not None:
            query["method"] = method
        if bot_id is not None:
            query["bot_id"] = str(bot_id)
        lines: list[Json] = await self.get("/sandbox/control/calls", query)
        return lines

    async def wait_for_calls(
        self,
        method: str,
        *,
        count: int = 1,
        timeout: float = _PATIENCE,  # noqa: ASYNC109 - a bound on waiting
        **filters: Any,
    ) -> list[Json]:
        """Wait until the log has `count` calls of a method and return them."""
        async with asyncio.timeout(timeout):
            # Nobody tells of a new line in the log, so it is asked for.
            while len(lines := await self.calls(method=method, **filters)) < count:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        return lines

    # HTTP

    async def get(self, path: str, query: dict[str, str] | None = None) -> Any:
        """Return the JSON answer to a GET."""
        return await self.request("GET", path, params=query)

    async def post(self, path: str, body: Json) -> Any:
        """Return the JSON answer to a POST of JSON."""
        return await self.request("POST", path, json=body)

    async def request(self, method: str, path: str, **options: Any) -> Any:
        """Return the JSON answer; `options` are those of aiohttp. Raises `SandboxRefusedError`."""
        async with self.session.request(method, self.base_url + path, **options) as answer:
            content = await answer.read()
            if answer.status >= 400:
                raise SandboxRefusedError(answer.status, _sentence(content))
            return orjson.loads(content)


@dataclass
class SandboxPerson(FileSender):
    """Somebody who talks to one bot. What they see is collected while `listen` is on."""

    client: SandboxClient
    id: int
    bot_id: int
    events: list[Json] = field(default_factory=list)
    """Every event seen so far, oldest first."""
    messages: dict[int, Json] = field(default_factory=dict)
    """The chat as this person sees it now, by message id."""
    draft: Json | None = None

    def __post_init__(self) -> None:
        self._news = asyncio.Condition()
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._nursery = Nursery()

    @property
    def chat_path(self) -> str:
        """Return the path of this person's chat with the bot."""
        return f"/sandbox/people/{self.id}/chats/{self.bot_id}"

    def with_bot(self, bot_id: int) -> "SandboxPerson":
        """Return a handle that acts in this person's chat with another bot, without listening."""
        return SandboxPerson(self.client, self.id, bot_id)

    # Acting

    async def send(self, text: str, *, reply_to: int | None = None, quote: str = "") -> Json:
        """Send a text, in reply to a message or to a part of it, and return it as a `Msg`."""
        body: Json = {"text": text, "quote": quote}
        if reply_to is not None:
            body["reply_to_message_id"] = reply_to
        return await self._post("/messages", body)

    async def edit(self, message_id: int, text: str) -> Json:
        """Change one's own text."""
        path = f"{self.chat_path}/messages/{message_id}"
        message: Json = await self.client.request("PATCH", path, json={"text": text})
        return message

    async def forward(self, text: str, *, origin: Json) -> Json:
        """Forward a text; `origin` is Telegram's `MessageOrigin` without its date."""
        return await self._post("/forwards", {"text": text, "origin": origin})

    async def press(self, message: Json | int, data: str) -> str:
        """Press the button with this callback data under a message; return the query's id."""
        message_id = message if isinstance(message, int) else message["message_id"]
        answer = await self._post("/callbacks", {"message_id": message_id, "data": data})
        return str(answer["callback_query_id"])

    async def stop(self) -> None:
        """Press the stop button of the draft."""
        await self._post("/stop", {})

    async def block(self) -> None:
        """Block the bot."""
        await self.client.request("PUT", f"{self.chat_path}/blocked", json={"blocked": True})

    async def unblock(self) -> None:
        """Let the bot write again."""
        await self.client.request("PUT", f"{self.chat_path}/blocked", json={"blocked": False})

    async def chat(self) -> Json:
        """Return the chat as the server has it: {"bot", "blocked", "messages", "draft"}."""
        chat: Json = await self.client.get(self.chat_path)
        return chat

    async def download(self, url: str) -> bytes:
        """Return the bytes behind a `photo_url`, `document_url` or `media_url`."""
        async with self.client.session.get(self.client.base_url + url) as answer:
            answer.raise_for_status()
            return await answer.read()

    # Watching

    async def listen(self) -> None:
        """Follow this person's events from now on."""
        url = f"{self.client.base_url}/sandbox/people/{self.id}/events"
        self._socket = await self.client.session.ws_connect(url, max_msg_size=0)
        self._nursery.start(self._follow(self._socket), name=f"person:{self.id}")

    async def close(self) -> None:
        """Stop following."""
        if self._socket is not None:
            await self._socket.close()
            self._socket = None
        await self._nursery.stop()

    async def wait_for_event(
        self,
        predicate: str | Predicate,
        *,
        timeout: float = _PATIENCE,  # noqa: ASYNC109 - a bound on waiting
        after: int = 0,
    ) -> Json:
        """Wait for an event, seen or to come: of this type, or such that the predicate holds.

        `after` skips that many events of `self.events`. Raises `TimeoutError` naming what was seen.
        """
        wanted = _of_type(predicate) if isinstance(predicate, str) else predicate
        return await self._wait(lambda: next(filter(wanted, self.events[after:]), None), timeout)

    async def wait_for_message(
        self,
        predicate: str | Predicate | None = None,
        *,
        timeout: float = _PATIENCE,  # noqa: ASYNC109 - a bound on waiting
        after: int = 0,
    ) -> Json:
        """Wait for a message of the bot, as it looks now, new or edited.

        It is one with this text in it, or one for which the predicate holds; `after` passes over messages up
        to that id.
        """

        def found() -> Json | None:
            for message in self.messages.values():
                if message["from_bot"] and message["message_id"] > after and _fits(message, predicate):
                    return message
            return None

        return await self._wait(found, timeout)

    async def wait_for_answer(self, query_id: str, *, timeout: float = _PATIENCE) -> Json:  # noqa: ASYNC109
        """Wait for the answer to a pressed button."""
        return await self.wait_for_event(
            lambda event: event["type"] == "callback_answer" and event["callback_query_id"] == query_id,
            timeout=timeout,
        )

    async def ask(self, text: str, *, timeout: float = _PATIENCE) -> Json:  # noqa: ASYNC109
        """Send a text and wait for the next message of the bot."""
        sent = await self.send(text)
        return await self.wait_for_message(after=sent["message_id"], timeout=timeout)

    async def _follow(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for frame in socket:
            if frame.type is aiohttp.WSMsgType.TEXT:
                event: Json = orjson.loads(frame.data)
                async with self._news:
                    self._see(event)
                    self._news.notify_all()

    def _see(self, event: Json) -> None:
        if event["bot_id"] != self.bot_id:
            return
        self.events.append(event)
        match event["type"]:
            case "message" | "message_edited":
                self.messages[event["message"]["message_id"]] = event["message"]
            case "message_deleted":
                for message_id in event["message_ids"]:
                    self.messages.pop(message_id, None)
            case "draft":
                self.draft = event["draft"]

    async def _wait(self, found: Callable[[], Json | None], seconds: float) -> Json:
        async with self._news:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    while (result := found()) is None:
                        await self._news.wait()
                    return result
        seen = [(event["type"], event.get("message", {}).get("text")) for event in self.events[-10:]]
        raise TimeoutError(f"not seen within {seconds} s; the latest events: {seen}")

    async def _post(self, path: str, body: Json) -> Json:
        answer: Json = await self.client.post(self.chat_path + path, body)
        return answer

    async def _post_form(self, path: str, form: aiohttp.FormData) -> Any:
        return await self.client.request("POST", self.chat_path + path, data=form)


def _dumps(content: Any) -> str:
    return orjson.dumps(content).decode()


def _sentence(content: bytes) -> str:
    try:
        return str(orjson.loads(content)["error"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return content.decode(errors="replace")


def _of_type(kind: str) -> Predicate:
    return lambda event: event["type"] == kind


def _fits(message: Json, predicate: str | Predicate | None) -> bool:
    if predicate is None:
        return True
    if isinstance(predicate, str):
        return predicate in (message.get("text") or message.get("caption") or "")
    return predicate(message)
