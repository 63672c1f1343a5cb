"""Tells those who watch, by WebSocket, what happens in people's chats."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import orjson

from vitte.sandbox.model import Json

EVERYBODY = 0
"""Stands for all people: no person has this id."""
_QUEUE_LIMIT = 10_000


class Listener:
    """One open socket's share of events, as JSON text."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[str | None] = asyncio.Queue(_QUEUE_LIMIT)

    def offer(self, frame: str | None) -> None:
        """Queue a frame; None ends the listening. A listener that never reads is ended instead of growing."""
        if self._queue.full():
            self._queue.get_nowait()
            frame = None
        self._queue.put_nowait(frame)

    async def frames(self) -> AsyncIterator[str]:
        """Yield frames until the hub closes."""
        while (frame := await self._queue.get()) is not None:
            yield frame


class EventHub:
    """Hands each event to the listeners of its person, and to those of everybody."""

    def __init__(self) -> None:
        self._listeners: dict[int, set[Listener]] = {}
        self._closed = False

    @contextmanager
    def listening(self, person_id: int) -> Iterator[Listener]:
        """Listen to one person's events, or to all with `EVERYBODY`."""
        listener = Listener()
        if self._closed:
            listener.offer(None)
        self._listeners.setdefault(person_id, set()).add(listener)
        try:
            yield listener
        finally:
            group = self._listeners[person_id]
            group.discard(listener)
            if not group:
                del self._listeners[person_id]

    def wanted(self, person_id: int) -> bool:
        """Tell whether anybody would see an event of this person."""
        return person_id in self._listeners or EVERYBODY in self._listeners

    def publish(self, person_id: int, event: Json) -> None:
        """Send the event to who listens; those of everybody also get the "person_id"."""
        for listener in self._listeners.get(person_id, ()):
            listener.offer(orjson.dumps(event).decode())
        if EVERYBODY in self._listeners:
            frame = orjson.dumps({**event, "person_id": person_id}).decode()
            for listener in self._listeners[EVERYBODY]:
                listener.offer(frame)

    def close(self) -> None:
        """End all listening."""
        self._closed = True
        for group in self._listeners.values():
            for listener in group:
                listener.offer(None)
