"""A bot's queue of updates: kept until confirmed, handed out by long poll or webhook."""

import asyncio
import itertools
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import orjson

from vitte.sandbox.calllog import CallLog
from vitte.sandbox.errors import conflict
from vitte.sandbox.model import Bot, Json
from vitte.sandbox.store import MemoryStore

# https://core.telegram.org/bots/api#getupdates: what a bot gets only if it asks for it by name.
NOT_BY_DEFAULT = frozenset({"chat_member", "message_reaction", "message_reaction_count"})
# An offset this far past the last update is not believed, or a bot that outlived our state would stay deaf:
# TQueue::get in https://github.com/tdlib/td/blob/master/tddb/td/db/TQueue.cpp .
_BELIEVED_OFFSET = 10
# Update ids are 32-bit; a made-up one beyond that does not move the counter.
_ID_LIMIT = 1 << 31
_TERMINATED = "terminated by other getUpdates request; make sure that only one bot instance is running"
_TERMINATED_BY_WEBHOOK = "terminated by setWebhook request"


@dataclass(slots=True)
class PendingUpdate:
    """An update that the bot has not confirmed; `body` is its JSON text, `lane` the chat that orders it."""

    number: int
    update_id: Any
    body: bytes
    lane: str
    handed: int = 0
    forced: bool = False
    """Handed out at least once even if an older confirmation covers it: a duplicate made on purpose."""
    shuffled: bool = False

    def dump(self) -> Json:
        """Return the update as JSON for the disk."""
        return {
            "update_id": self.update_id,
            "body": self.body.decode(),
            "lane": self.lane,
            "handed": self.handed,
            "forced": self.forced,
            "shuffled": self.shuffled,
        }


class UpdateQueue:
    """What one bot has not confirmed yet."""

    def __init__(self, bot: Bot, *, store: MemoryStore, log: CallLog, conflict_delay: float) -> None:
        self._bot = bot
        self._store = store
        self._log = log
        self._conflict_delay = conflict_delay
        self._conflict_time = float("-inf")
        self._pending: dict[int, PendingUpdate] = {}
        self._numbers = itertools.count(1)
        self._in_order = True
        self._poll: asyncio.Future[None] | None = None
        self.on_push: Callable[[PendingUpdate], None] | None = None
        """Told of each new update while a webhook is set."""

    def __len__(self) -> int:
        return len(self._pending)

    @property
    def polled(self) -> bool:
        """Tell whether a long poll waits for news."""
        return self._poll is not None and not self._poll.done()

    def pending(self) -> Iterable[PendingUpdate]:
        """Return the unconfirmed updates, oldest first."""
        return list(self._pending.values())

    def push(self, kind: str, content: Json, *, lane: str) -> None:
        """Queue a new update, unless the bot did not ask for its kind."""
        allowed = self._bot.allowed_updates
        if (kind in NOT_BY_DEFAULT) if allowed is None else (kind not in allowed):
            return
        update_id = self._next_id()
        self._add(update_id, orjson.dumps({"update_id": update_id, kind: content}), lane)

    def inject(self, raw: Json, *, lane: str, copies: int = 1, shuffled: bool = False) -> Any:
        """Queue an update made by hand, whatever is in it, `copies` times; return its id."""
        body = dict(raw)
        update_id = body.setdefault("update_id", None)
        if update_id is None:
            update_id = body["update_id"] = self._next_id()
        elif isinstance(update_id, int) and abs(update_id) < _ID_LIMIT:
            if self._pending and update_id < self._bot.next_update_id - 1:
                self._in_order = False
            self._bot.next_update_id = max(self._bot.next_update_id, update_id + 1)
        for _ in range(copies):
            self._add(update_id, orjson.dumps(body), lane, forced=True, shuffled=shuffled)
        return update_id

    def restore(self, data: Json, *, number: int) -> None:
        """Take back an update from the disk."""
        body = data.pop("body").encode()
        self._pending[number] = PendingUpdate(number, data.pop("update_id"), body, **data)
        self._numbers = itertools.count(number + 1)
        self._in_order = False

    def drop_all(self) -> None:
        """Forget every unconfirmed update."""
        for update in self.pending():
            self._remove(update)

    def confirmed(self, update: PendingUpdate, *, how: str) -> None:
        """Forget an update that the bot has."""
        if self._remove(update):
            self._log.delivery(
                bot_id=self._bot.id,
                update_id=update.update_id,
                how=how,
                attempt=update.handed,
                confirmed=True,
            )

    def handed(self, update: PendingUpdate, *, how: str) -> None:
        """Note that the update is on its way to the bot."""
        update.handed += 1
        self._log.delivery(bot_id=self._bot.id, update_id=update.update_id, how=how, attempt=update.handed)

    async def get(self, *, offset: int, limit: int, timeout: float) -> list[bytes]:  # noqa: ASYNC109 - its name
        """Answer getUpdates: confirm what `offset` says, then wait up to `timeout` s for an update."""
        self._end_poll()
        self._move_to(offset)
        if not self._pending and timeout > 0:
            await self._wait(timeout)
        batch = list(itertools.islice(self._pending.values(), limit))
        if any(update.shuffled for update in batch):
            random.shuffle(batch)
        for update in batch:
            self.handed(update, how="poll")
        return [update.body for update in batch]

    def end_poll(self, *, quietly: bool) -> None:
        """End the waiting poll: with an empty answer, or with the conflict that setWebhook makes."""
        poll = self._poll
        if poll is None or poll.done():
            return
        if quietly:
            poll.set_result(None)
        else:
            poll.set_exception(conflict(_TERMINATED_BY_WEBHOOK))

    async def hold_conflict(self) -> None:
        """Slow down pollers that terminate each other, as Telegram does."""
        now = asyncio.get_running_loop().time()
        if now >= self._conflict_time + self._conflict_delay:
            self._conflict_time = now
        else:
            await asyncio.sleep(self._conflict_delay)

    def _end_poll(self) -> None:
        if self._poll is not None and not self._poll.done():
            self._poll.set_exception(conflict(_TERMINATED))

    async def _wait(self, seconds: float) -> None:
        poll = self._poll = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(seconds):
                await poll
        except TimeoutError:
            pass
        finally:
            if self._poll is poll:
                self._poll = None

    def _move_to(self, offset: int) -> None:
        if offset < 0:
            for update in list(self._pending.values())[:offset]:
                self.confirmed(update, how="poll")
        elif 0 < offset <= self._bot.next_update_id + _BELIEVED_OFFSET:
            for update in list(self._below(offset)):
                self.confirmed(update, how="poll")

    def _below(self, offset: int) -> Iterable[PendingUpdate]:
        for update in self._pending.values():
            # No offset can pass an id that is no number: such an update counts as had once it was handed out.
            passed = not isinstance(update.update_id, int) or update.update_id < offset
            if passed and (update.handed or not update.forced):
                yield update
            elif self._in_order:
                return

    def _next_id(self) -> int:
        update_id = self._bot.next_update_id
        self._bot.next_update_id += 1
        return update_id

    def _add(
        self, update_id: Any, body: bytes, lane: str, *, forced: bool = False, shuffled: bool = False
    ) -> None:
        update = PendingUpdate(next(self._numbers), update_id, body, lane, forced=forced, shuffled=shuffled)
        self._in_order = self._in_order and not forced
        self._pending[update.number] = update
        self._store.put("update", f"{self._bot.id}:{update.number}", update.dump)
        self._store.put("bot", str(self._bot.id), self._bot.dump)
        if self._poll is not None and not self._poll.done():
            self._poll.set_result(None)
        if self.on_push is not None:
            self.on_push(update)

    def _remove(self, update: PendingUpdate) -> bool:
        if self._pending.pop(update.number, None) is None:
            return False
        self._store.delete("update", f"{self._bot.id}:{update.number}")
        if not self._pending:
            self._in_order = True
        return True
