"""Connections below HTTP: noticing that one is gone, and cutting one."""

import asyncio
from typing import Any

from starlette.types import Receive, Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from vitte.core.nursery import Nursery

TRANSPORT = "vitte.sandbox.transport"


class CuttableProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol that lets the application cut the connection."""

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self.scope[TRANSPORT] = self.transport  # type: ignore[literal-required]  # a private extension


async def cut(scope: Scope, receive: Receive) -> None:
    """Cut the connection without an answer; returns when it is gone."""
    transport: asyncio.Transport | None = scope.get(TRANSPORT)
    if transport is None:
        raise RuntimeError("answers can be withheld only under the sandbox's own server")
    transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass


async def wait_until_gone(receive: Receive, task: asyncio.Task[Any]) -> bool:
    """Wait for the task; cancel it and return True if the client goes away before it ends."""
    nursery = Nursery()
    watch = nursery.start(_disconnected(receive), name="connection")
    try:
        await asyncio.wait({watch, task}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return False
        task.cancel()
        await asyncio.wait({task})
        return True
    finally:
        if not task.done():
            task.cancel()
        await nursery.stop()


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
