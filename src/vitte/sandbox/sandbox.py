"""The whole sandbox without its HTTP: the world and what works on it."""

import asyncio
from typing import TYPE_CHECKING

from vitte.core.clock import Clock
from vitte.core.nursery import Nursery
from vitte.sandbox.calllog import CallLog
from vitte.sandbox.dispatch import Dispatcher
from vitte.sandbox.faults import Faults
from vitte.sandbox.hub import EventHub
from vitte.sandbox.limits import FloodLimiter
from vitte.sandbox.people.actions import PeopleActions
from vitte.sandbox.people.callbacks import Callbacks
from vitte.sandbox.settings import SandboxSettings
from vitte.sandbox.store import MemoryStore, SqliteStore
from vitte.sandbox.timing import sandbox_clock
from vitte.sandbox.webhooks import Webhooks
from vitte.sandbox.world import World

if TYPE_CHECKING:
    from vitte.sandbox.timing import SandboxClock

_DRAFT_CHECK_INTERVAL = 0.1


class Sandbox:
    """A Telegram in a box. Made inside the event loop it works in."""

    def __init__(self, settings: SandboxSettings, *, clock: Clock | None = None) -> None:
        self.settings = settings
        self.clock: SandboxClock = sandbox_clock(clock)
        self.store = MemoryStore()
        if settings.state_dir is not None:
            self.store = SqliteStore(settings.state_dir / "world.sqlite3", interval=settings.flush_interval)
        self.log = CallLog(clock=self.clock, path=settings.call_log, memory=settings.call_log_memory)
        self.hub = EventHub()
        self.world = World(settings, clock=self.clock, store=self.store, hub=self.hub, log=self.log)
        self.limiter = FloodLimiter(settings.limits, self.clock)
        self.faults = Faults()
        self.callbacks = Callbacks(self.world, self.clock, lifetime=settings.callback_lifetime)
        self.people = PeopleActions(self.world, self.callbacks)
        self.dispatcher = Dispatcher(self)
        self.webhooks = Webhooks(
            settings=settings, clock=self.clock, execute=self.dispatcher.execute_webhook_answer
        )
        self.nursery = Nursery()
        self.closing = asyncio.Event()
        """Set when nothing may hold a connection open any more."""

    async def start(self) -> None:
        """Begin the background work."""
        self.nursery.start(self.store.run(), name="sandbox-store")
        self.nursery.start(self.log.run(), name="sandbox-call-log")
        self.nursery.start(self._expire_drafts(), name="sandbox-drafts")
        for bot in self.world.bots.values():
            await self.webhooks.start(bot, self.world.queue(bot.id))

    def release(self) -> None:
        """End what holds connections open: long polls, event sockets, calls that hang on purpose."""
        self.closing.set()
        for queue in self.world.queues():
            queue.end_poll(quietly=True)
        self.hub.close()

    async def stop(self) -> None:
        """End everything and write what is left to write."""
        self.release()
        await self.webhooks.close()
        await self.nursery.stop()
        self.log.close()
        await self.store.close()

    async def _expire_drafts(self) -> None:
        while True:
            await asyncio.sleep(_DRAFT_CHECK_INTERVAL)
            self.world.expire_drafts()
