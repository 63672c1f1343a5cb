"""The control side: faults, made-up updates, crowds and the call log, for tests, chaos and load."""

from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from vitte.sandbox.errors import PeopleApiError
from vitte.sandbox.faults import FAULT_KINDS
from vitte.sandbox.model import Json
from vitte.sandbox.people.routes import integer_of, json_body, json_response

if TYPE_CHECKING:
    from vitte.sandbox.sandbox import Sandbox

_COPIES_MAX = 1_000
_PEOPLE_MAX = 1_000_000
_GROUPS = frozenset({"group", "supergroup", "channel"})


class ControlRoutes:
    """Handlers of `/sandbox/control/…`."""

    def __init__(self, sandbox: "Sandbox") -> None:
        self._sandbox = sandbox

    def routes(self) -> list[BaseRoute]:
        """Return the routes."""
        return [
            Route("/sandbox/control/faults", self.add_fault, methods=["POST"]),
            Route("/sandbox/control/faults", self.clear_faults, methods=["DELETE"]),
            Route("/sandbox/control/updates", self.inject, methods=["POST"]),
            Route("/sandbox/control/people", self.let_in, methods=["POST"]),
            Route("/sandbox/control/messages", self.write, methods=["POST"]),
            Route("/sandbox/control/calls", self.calls, methods=["GET"]),
        ]

    async def add_fault(self, request: Request) -> Response:
        """Put a fault in force."""
        self._check_allowed()
        body = await json_body(request)
        if body.get("kind") not in FAULT_KINDS:
            raise PeopleApiError(400, f'"kind" must be one of {", ".join(FAULT_KINDS)}.')
        known = {"kind", "method", "chat_id", "retry_after", "times", "rate", "delay", "performed"}
        if unknown := body.keys() - known:
            raise PeopleApiError(400, f"Unknown: {', '.join(sorted(unknown))}.")
        for name in ("retry_after", "times", "rate", "delay"):
            value = body.get(name)
            if value is not None and (not isinstance(value, int | float) or value < 0):
                raise PeopleApiError(400, f'"{name}" must be a number, not below 0.')
        options = {name: value for name, value in body.items() if value is not None}
        return json_response({"id": self._sandbox.faults.add(options.pop("kind"), **options)}, status=201)

    async def clear_faults(self, _request: Request) -> Response:
        """Remove all faults."""
        self._check_allowed()
        self._sandbox.faults.clear()
        return json_response({})

    async def inject(self, request: Request) -> Response:
        """Queue updates made by hand; return their ids."""
        self._check_allowed()
        body = await json_body(request)
        bot_id = integer_of(body, "bot_id")
        updates = body.get("updates")
        if not isinstance(updates, list) or not all(isinstance(raw, dict) for raw in updates):
            raise PeopleApiError(400, '"updates" must be a list of objects.')
        copies = body.get("copies", 1)
        if not isinstance(copies, int) or not 1 <= copies <= _COPIES_MAX:
            raise PeopleApiError(400, f'"copies" must be from 1 to {_COPIES_MAX}.')
        shuffled = body.get("shuffle") is True
        return json_response({"update_ids": self._inject(bot_id, updates, copies, shuffled=shuffled)})

    async def let_in(self, request: Request) -> Response:
        """Let many people in, half of them Russian if `languages` is ["en", "ru"]; return their ids."""
        body = await json_body(request)
        count, languages = integer_of(body, "count"), body.get("languages", ["en"])
        if not 1 <= count <= _PEOPLE_MAX:
            raise PeopleApiError(400, f'"count" must be from 1 to {_PEOPLE_MAX}.')
        if not isinstance(languages, list) or not languages:
            raise PeopleApiError(400, '"languages" must be a list.')
        people = [
            self._sandbox.world.add_person(
                first_name=f"Person {number}",
                last_name=None,
                username=None,
                language_code=str(languages[number % len(languages)]),
            )
            for number in range(count)
        ]
        return json_response({"ids": [person.id for person in people]}, status=201)

    async def write(self, request: Request) -> Response:
        """Let many people write to a bot, in this order; return the ids of their messages."""
        body = await json_body(request)
        bot_id, messages = integer_of(body, "bot_id"), body.get("messages")
        if not isinstance(messages, list) or not all(map(_is_message, messages)):
            raise PeopleApiError(400, '"messages" must be a list of pairs: a person\'s id and a text.')
        ids = [self._sandbox.people.write(person, bot_id, text).id for person, text in messages]
        return json_response({"message_ids": ids}, status=201)

    async def calls(self, request: Request) -> Response:
        """Return the latest calls or, asked by `kind`, deliveries."""
        query = request.query_params
        lines = self._sandbox.log.lines(
            kind=query.get("kind", "call"),
            bot_id=_number(query.get("bot_id")),
            method=query.get("method"),
            after=_number(query.get("after")) or 0,
        )
        return json_response(lines)

    def _inject(self, bot_id: int, updates: list[Json], copies: int, *, shuffled: bool) -> list[Any]:
        queue = self._sandbox.world.queue(bot_id)
        ids = []
        for raw in updates:
            chat = _chat_of(raw)
            self._meet(bot_id, chat)
            if (known := self._sandbox.world.chat(bot_id, chat.get("id", 0))) is not None:
                known.heard_at = self._sandbox.clock.monotonic()
            lane = str(chat.get("id", ""))
            ids.append(queue.inject(raw, lane=lane, copies=copies, shuffled=shuffled))
        return ids

    def _meet(self, bot_id: int, chat: Json) -> None:
        """Let the bot write to a group that an injected update speaks of."""
        world = self._sandbox.world
        chat_id = chat.get("id")
        is_group = chat.get("type") in _GROUPS and isinstance(chat_id, int) and chat_id < 0
        if is_group and world.chat(bot_id, chat["id"]) is None:
            world.add_chat(bot_id, chat)

    def _check_allowed(self) -> None:
        if not self._sandbox.settings.faults_allowed:
            raise PeopleApiError(403, "This sandbox takes no faults.")


def _is_message(raw: Any) -> bool:
    return isinstance(raw, list) and len(raw) == 2 and isinstance(raw[0], int) and isinstance(raw[1], str)


def _chat_of(raw: Json) -> Json:
    """Return the `Chat` that the update is about, or an empty object."""
    for content in raw.values():
        if not isinstance(content, dict):
            continue
        message = content.get("message") if isinstance(content.get("message"), dict) else content
        chat = message.get("chat") if isinstance(message, dict) else None
        if isinstance(chat, dict):
            return chat
    return {}


def _number(text: str | None) -> int | None:
    if text is None:
        return None
    if not text.removeprefix("-").isdecimal():
        raise PeopleApiError(400, f"{text} is no whole number.")
    return int(text)
