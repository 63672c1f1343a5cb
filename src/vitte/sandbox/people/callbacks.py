"""Pressed buttons that wait for the bot's answer."""

import secrets
from collections import OrderedDict
from dataclasses import dataclass

from vitte.sandbox.errors import bad_request
from vitte.sandbox.model import Chat, Json, Message
from vitte.sandbox.timing import SandboxClock
from vitte.sandbox.world import World

_TOO_OLD = "query is too old and response timeout expired or query ID is invalid"


@dataclass(slots=True)
class _Query:
    chat: Chat
    asked: float
    answered: bool = False


class Callbacks:
    """Callback queries by id; one may be answered for `lifetime` seconds."""

    def __init__(self, world: World, clock: SandboxClock, *, lifetime: float) -> None:
        self._world = world
        self._clock = clock
        self._lifetime = lifetime
        self._queries: OrderedDict[str, _Query] = OrderedDict()

    def press(self, chat: Chat, message: Message, data: str) -> str:
        """Press a button of the message; return the query's id."""
        self._forget_old()
        query_id = str(secrets.randbits(62))
        self._queries[query_id] = _Query(chat, self._clock.monotonic())
        content: Json = {
            "id": query_id,
            "from": self._world.people[chat.id].user(),
            "message": self._world.telegram_message(message),
            "chat_instance": chat.instance,
            "data": data,
        }
        self._world.push_update(chat, "callback_query", content)
        return query_id

    def answer(self, bot_id: int, query_id: str, content: Json) -> None:
        """Show the bot's answer to who pressed; a second answer changes nothing."""
        self._forget_old()
        query = self._queries.get(query_id)
        if query is None or query.chat.bot_id != bot_id:
            raise bad_request(_TOO_OLD)
        if not query.answered:
            query.answered = True
            self._world.event(query.chat, "callback_answer", {"callback_query_id": query_id, **content})

    def _forget_old(self) -> None:
        oldest = self._clock.monotonic() - self._lifetime
        while self._queries:
            query_id, query = next(iter(self._queries.items()))
            if query.asked > oldest:
                return
            del self._queries[query_id]
