"""From the inbox to the handlers: many chats at once, each chat in order."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import structlog

from vitte.core.ids import bind_correlation_id
from vitte.core.labels import by_labels
from vitte.core.nursery import Nursery
from vitte.core.settings.processes import BotSettings
from vitte.db.outages import DATABASE_ERRORS, is_away, outlast
from vitte.db.riders import Effect, collecting
from vitte.inbox.metrics import CLAIMS_FAILED, UPDATE_SECONDS, UPDATES_HANDLED, UPDATES_IN_PROGRESS
from vitte.inbox.schemas import ClaimedUpdate, UnreadableUpdateError, type_of
from vitte.inbox.service import MAX_ATTEMPTS, InboxService

logger = structlog.get_logger(__name__)

_handled = by_labels(UPDATES_HANDLED)
_seconds = by_labels(UPDATE_SECONDS)

Handle = Callable[[ClaimedUpdate], Awaitable[None]]

_LOOK_EVERY = 1.0
"""Seconds between two looks into the inbox when nothing wakes the consumer: the safety net."""
_FAST_ROOM = 20
"""Updates of the fast lane that are handled also when there is room for no other."""
_RENEWALS_PER_LEASE = 3
_RELEASE_WITHIN = 2.0
"""Seconds to give updates back at the end; a PostgreSQL that is silent leaves that to their leases."""


class Consumer:
    """Claims updates, hands each to `handle`, and marks it as done or failed.

    `give_up` is told of an update whose last try failed.
    """

    def __init__(
        self, inbox: InboxService, settings: BotSettings, *, bot_id: int, handle: Handle, give_up: Handle
    ) -> None:
        self._inbox = inbox
        self._settings = settings
        self._bot_id = bot_id
        self._handle = handle
        self._give_up = give_up
        self._woken = asyncio.Event()
        self._times_woken = 0
        self._may_be_more = True
        self._promised = 0
        self._is_ending = False
        self._leases_may_be_over = False
        self._claimed: set[ClaimedUpdate] = set()
        self._handling: dict[ClaimedUpdate, asyncio.Task[None]] = {}
        self._nursery = Nursery()
        self._claims = Nursery()
        self._keeper = Nursery()

    def wake(self) -> None:
        """Make the consumer look into the inbox now."""
        self._times_woken += 1
        self._woken.set()

    async def take_in(self, updates: Sequence[dict[str, Any]]) -> None:
        """Store updates that came to this process, and begin at once with those that it has room for.

        Raises NotAnUpdateError, and UnavailableError when PostgreSQL is away.
        """
        # To its end also when the caller is cancelled, as every claim.
        await asyncio.shield(self._claims.start(self._take_in(updates), name="take_in"))

    async def _take_in(self, updates: Sequence[dict[str, Any]]) -> None:
        room = 0 if self._is_ending else min(len(updates), max(0, self._room()))
        self._promised += room
        try:
            claimed = await self._inbox.take_in_and_claim(
                self._bot_id, updates, limit=room, lease=self._settings.lease
            )
        finally:
            self._promised -= room
        await self._accept(claimed)

    async def run(self) -> None:
        """Claim and handle until cancelled; what is being handled then goes on until `drain`."""
        self._keeper.start(self._keep_leases(), name="keep_leases")
        try:
            while True:
                self._woken.clear()
                if not await self._claim_or_wait():
                    try:
                        async with asyncio.timeout(_LOOK_EVERY):
                            await self._woken.wait()
                    except TimeoutError:
                        pass
        finally:
            self._is_ending = True

    async def drain(self, *, timeout: float) -> None:  # noqa: ASYNC109 - after it work is parked, not lost
        """Let what is being handled end within `timeout` seconds, and give the rest back to the inbox."""
        if not await self._nursery.wait(timeout=timeout):
            logger.warning("updates_parked", count=len(self._claimed))
        parked = list(self._claimed)
        await self._nursery.stop()
        await self._keeper.stop()
        await self._release(parked)
        await self._claims.wait(timeout=_RELEASE_WITHIN)
        await self._claims.stop()

    async def _claim_or_wait(self) -> bool:
        """Claim, whatever goes wrong with it: a bot that looks no more is dead, and seems to live."""
        try:
            return await self._claim()
        except Exception:
            CLAIMS_FAILED.inc()
            logger.exception("claim_broken")
            return False

    async def _claim(self) -> bool:
        """Claim as many updates as there is room for; tell whether there may be more."""
        room = self._room()
        only_fast = room <= 0
        # What this look leaves behind because of no room, or because it fails, is left to whoever ends next.
        self._may_be_more = True
        if only_fast:
            # Who wants to stop an answer must not have to wait until one ends.
            room += _FAST_ROOM
        if room <= 0:
            return False
        # To its end also when `run` is cancelled: what was claimed by then has to be given back.
        return await asyncio.shield(
            self._claims.start(self._claim_up_to(room, only_fast=only_fast), name="claim")
        )

    async def _claim_up_to(self, room: int, *, only_fast: bool) -> bool:
        try:
            if self._leases_may_be_over:
                # What this process is still handling would look free, to itself as well.
                await self._renew()
            claimed = await self._inbox.claim(
                self._bot_id, limit=room, lease=self._settings.lease, only_fast=only_fast
            )
        except DATABASE_ERRORS as error:
            CLAIMS_FAILED.inc()
            logger.warning("claim_failed", reason=type(error).__name__)
            return False
        if not await self._accept(claimed):
            return False
        # Fewer than there was room for are all that there were.
        self._may_be_more = only_fast or len(claimed) == room
        return len(claimed) == room

    def _room(self) -> int:
        return self._settings.concurrency - len(self._claimed) - self._promised

    async def _accept(self, claimed: list[ClaimedUpdate]) -> bool:
        """Begin to handle what was claimed, or give it back when this process ends."""
        if self._is_ending:
            await self._release(claimed)
            return False
        for update in claimed:
            self._claimed.add(update)
            name = f"update-{update.update_id}"
            self._handling[update] = self._nursery.start(self._process(update), name=name)
        return True

    async def _release(self, claimed: list[ClaimedUpdate]) -> None:
        if claimed:
            await _in_time(self._inbox.release(claimed), or_log="release_failed", count=len(claimed))

    async def _process(self, update: ClaimedUpdate) -> None:
        bind_correlation_id(f"update-{update.update_id}")
        started = time.monotonic()
        UPDATES_IN_PROGRESS.inc()
        may_be_next = True
        try:
            outcome, may_be_next = await self._handle_and_mark(update)
            kind = type_of(update.payload)
            _handled(kind, outcome).inc()
            _seconds(kind).observe(time.monotonic() - started)
            logger.info(
                "update_handled", outcome=outcome, attempt=update.attempt, seconds=time.monotonic() - started
            )
        finally:
            UPDATES_IN_PROGRESS.dec()
            self._claimed.discard(update)
            if may_be_next or self._may_be_more:
                self.wake()

    async def _handle_and_mark(self, update: ClaimedUpdate) -> tuple[str, bool]:
        """Return what became of it, and whether the chat's next update may have waited for that."""
        with collecting() as effects:
            try:
                await self._handle_alone(update)
                # Were this left to the lease, what is done would be done again.
                times_woken = self._times_woken
                is_waited_for = await outlast(lambda: self._inbox.finish(update, effects.close()))
            except Exception as error:  # noqa: BLE001 - told there, and noted
                return await self._put_off(update, error, effects.close())
            except asyncio.CancelledError:
                await self._write_in_time(effects.close())
                raise
        # What came in after PostgreSQL looked, and was looked for before this was committed, was not found.
        return "done", is_waited_for or self._times_woken != times_woken

    async def _write_in_time(self, effects: tuple[Effect, ...]) -> None:
        """Write what has come of an update that is given back, for whoever goes on with it to see."""
        if effects:
            await _in_time(self._inbox.write(effects), or_log="effects_not_written", count=len(effects))

    async def _put_off(
        self, update: ClaimedUpdate, error: Exception, effects: tuple[Effect, ...]
    ) -> tuple[str, bool]:
        """Leave to another try what could not be handled, but for what has come of it already."""
        if effects:
            await outlast(lambda: self._inbox.write(effects))
        if is_away(error):
            logger.warning("update_put_back", reason=type(error).__name__)
            await outlast(lambda: self._inbox.release([update]))
            return "put_back", True
        logger.error("update_failed", attempt=update.attempt, exc_info=error)
        return await self._note_failure(update, error), True

    async def _handle_alone(self, update: ClaimedUpdate) -> None:
        """Handle it, as long as nobody else has taken it over."""
        try:
            if update.attempt > MAX_ATTEMPTS:
                # Whoever tried before never came back to say so: it may have taken the process with it.
                raise RuntimeError("every process that tried it ended in the middle")
            await self._handle(update)
        finally:
            del self._handling[update]

    async def _note_failure(self, update: ClaimedUpdate, error: Exception) -> str:
        is_dead = await outlast(
            lambda: self._inbox.fail(
                update,
                error=f"{type(error).__name__}: {error}"[:2000],
                may_retry=not isinstance(error, UnreadableUpdateError),
            )
        )
        if not is_dead:
            return "failed"
        try:
            await self._give_up(update)
        except Exception:
            logger.exception("give_up_failed")
        return "dead"

    async def _keep_leases(self) -> None:
        every = wait = self._settings.lease / _RENEWALS_PER_LEASE
        while True:
            await asyncio.sleep(wait)
            wait = every
            if self._claimed:
                try:
                    await self._renew()
                except DATABASE_ERRORS as error:
                    logger.warning("renew_failed", reason=type(error).__name__)
                    self._leases_may_be_over = True
                    wait = min(every, _LOOK_EVERY)

    async def _renew(self) -> None:
        """Keep what is being handled, and let go of what another process has taken over since.

        That happens to a process that was frozen for longer than a lease: it must not answer a second time.
        """
        claimed = list(self._claimed)
        kept = await self._inbox.renew(claimed, lease=self._settings.lease)
        self._leases_may_be_over = False
        for update in claimed:
            # One that was handled meanwhile is held no more either.
            if update not in kept and (task := self._handling.get(update)) is not None:
                logger.warning("update_overtaken", update_id=update.update_id)
                task.cancel()


async def _in_time(write: Awaitable[None], *, or_log: str, count: int) -> None:
    """Write what a process leaves behind when it ends; log it when PostgreSQL does not take it in time."""
    try:
        async with asyncio.timeout(_RELEASE_WITHIN):
            await write
    except DATABASE_ERRORS:
        logger.warning(or_log, count=count)
