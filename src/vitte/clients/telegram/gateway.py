"""The one way out: every call of every process to Telegram passes here."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import cast
from weakref import WeakValueDictionary

import structlog
from aiogram import Bot
from aiogram.client.session.middlewares.base import BaseRequestMiddleware, NextRequestMiddlewareType
from aiogram.exceptions import (
    ClientDecodeError,
    TelegramAPIError,
    TelegramEntityTooLarge,
    TelegramForbiddenError,
    TelegramMigrateToChat,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
)
from aiogram.methods import GetMe, SendMessageDraft
from aiogram.methods.base import Response, TelegramMethod, TelegramType
from aiogram.types import User

from vitte.clients.telegram.cells import CallKind, cells_of
from vitte.clients.telegram.lanes import Lane, current_lane
from vitte.clients.telegram.limits import Limits
from vitte.clients.telegram.metrics import CALLS, WAIT_SECONDS
from vitte.core.labels import by_labels
from vitte.core.settings.outbound import OutboundSettings

logger = structlog.get_logger(__name__)

_calls = by_labels(CALLS)
_wait_seconds = by_labels(WAIT_SECONDS)

ChatHook = Callable[[int], Awaitable[None]]

_ATTEMPTS = 6
_FIRST_BACKOFF = 0.5
_MAX_BACKOFF = 8.0
_LONGEST_OUTAGE = 3600.0
"""Seconds for which a message waits while Telegram answers nothing."""
_ASKED_EVERY = 5.0
_AWAY = (TelegramNetworkError, TelegramServerError, ClientDecodeError)
_MAX_TOGETHER = 0.05
"""Seconds of waiting in which nobody asks for a pause worth looking for."""
# Names of methods that Telegram counts as messages; all others pass unless their chat is paused.
_COUNTED = ("send", "edit", "forward", "copy")
_NOT_COUNTED = frozenset({"sendChatAction", "editUserStarSubscription"})


class DraftDroppedError(Exception):
    """There is no room for a draft or preview now; `retry_after` is how many seconds later there may be."""

    def __init__(self, retry_after: float) -> None:
        super().__init__(f"no room for a draft for {retry_after:.1f} s")
        self.retry_after = retry_after


class Gateway(BaseRequestMiddleware):
    """Keeps Telegram's limits, obeys its requests for a pause, and tries again what may be tried again.

    Calls to one chat go out one after the other. A draft, or a call in the lane of previews, is sent once
    or dropped (DraftDroppedError); any other call waits its turn and is tried up to six times when Telegram
    is away. Being asked for a pause does not count as a try, and a message is given up only if Telegram
    answers other calls, or none for an hour: one that it will take later is not lost. A call whose
    answer was lost may take effect twice: a message that comes twice is better than one that never comes.
    """

    def __init__(self, limits: Limits, settings: OutboundSettings, *, on_blocked: ChatHook) -> None:
        self._limits = limits
        self._settings = settings
        self._on_blocked = on_blocked
        self._turns: WeakValueDictionary[int | str, asyncio.Lock] = WeakValueDictionary()
        self._moved: dict[int | str, int] = {}
        self._asking = asyncio.Lock()
        self._asked_at, self._was_away = -_ASKED_EVERY, False

    async def __call__(
        self,
        make_request: NextRequestMiddlewareType[TelegramType],
        bot: Bot,
        method: TelegramMethod[TelegramType],
    ) -> Response[TelegramType]:
        """Make the call when its turn has come. Raises what the last try raised, or DraftDroppedError."""
        chat_id: int | str | None = getattr(method, "chat_id", None)
        if chat_id is None:
            # A pause asked of such a call is one for that method alone.
            return await self._try(make_request, bot, method, kind=None, chat_id=method.__api_method__)
        if chat_id in self._moved:
            method, chat_id = _to(method, self._moved[chat_id]), self._moved[chat_id]
        kind = _kind(method)
        if kind is None:
            return await self._try(make_request, bot, method, kind=None, chat_id=chat_id)
        turn = self._turns.setdefault(chat_id, asyncio.Lock())
        async with turn:
            return await self._try(make_request, bot, method, kind=kind, chat_id=chat_id)

    async def _try(
        self,
        make_request: NextRequestMiddlewareType[TelegramType],
        bot: Bot,
        method: TelegramMethod[TelegramType],
        *,
        kind: CallKind | None,
        chat_id: int | str,
    ) -> Response[TelegramType]:
        name = method.__api_method__
        tries = _Tries(kind, lambda: self._is_away(make_request, bot))
        while True:
            await self._wait_for_turn(kind, chat_id)
            try:
                response = await make_request(bot, method)
            except TelegramRetryAfter as error:
                await self._obey(error, chat_id, kind)
                continue
            except TelegramMigrateToChat as error:
                self._moved[chat_id] = error.migrate_to_chat_id
                logger.info("chat_migrated", chat_id=chat_id, to=error.migrate_to_chat_id)
                method, chat_id = _to(method, error.migrate_to_chat_id), error.migrate_to_chat_id
                continue
            except TelegramForbiddenError:
                _calls(name, "forbidden").inc()
                if isinstance(chat_id, int) and chat_id > 0:
                    await self._on_blocked(chat_id)
                raise
            except _AWAY as error:
                _calls(name, "away").inc()
                may_repeat = not _may_be_dropped(kind) and not isinstance(error, TelegramEntityTooLarge)
                if not may_repeat or await tries.are_hopeless():
                    if isinstance(error, ClientDecodeError):
                        # A proxy's page instead of an answer: to callers Telegram is away as it is else.
                        raise TelegramNetworkError(method=method, message=error.message) from error
                    raise
                wait = min(_FIRST_BACKOFF * 2 ** min(tries.waits, _ATTEMPTS), _MAX_BACKOFF)
                tries.waits += 1
                logger.info("call_put_off", method=name, reason=type(error).__name__, seconds=wait)
                await asyncio.sleep(wait)
                continue
            _calls(name, "ok").inc()
            return response

    async def _is_away(self, make_request: NextRequestMiddlewareType[TelegramType], bot: Bot) -> bool:
        """Tell whether Telegram answers not even the simplest call; asked once for all who want to know."""
        async with self._asking:
            if time.monotonic() - self._asked_at > _ASKED_EVERY:
                self._was_away = await _answers_nothing(
                    cast("NextRequestMiddlewareType[User]", make_request), bot
                )
                self._asked_at = time.monotonic()
        return self._was_away

    async def _wait_for_turn(self, kind: CallKind | None, chat_id: int | str) -> None:
        """Return when the call may go out. Raises DraftDroppedError."""
        chat = str(chat_id)
        if kind is None:
            # What the limits do not count is still not to be sent into a pause; a look costs nothing here.
            await asyncio.sleep(self._limits.known_pause(chat))
            return
        lane, begun = current_lane(), time.monotonic()
        cells = cells_of(kind, lane, chat_id, self._settings)
        while True:
            grant = await self._limits.acquire(chat, cells)
            if not grant.granted and kind.may_be_dropped:
                raise DraftDroppedError(grant.wait)
            if grant.wait > 0:
                await asyncio.sleep(grant.wait)
            if not grant.granted:
                continue
            if grant.wait > _MAX_TOGETHER and (pause := await self._limits.paused(chat)) > 0:
                await asyncio.sleep(pause)
                continue
            _wait_seconds(lane).observe(time.monotonic() - begun)
            return

    async def _obey(self, error: TelegramRetryAfter, chat_id: int | str, kind: CallKind | None) -> None:
        _calls(error.method.__api_method__, "retry_after").inc()
        concerns_all = await self._limits.report(str(chat_id), error.retry_after)
        logger.info("pause_asked", chat_id=chat_id, seconds=error.retry_after, all_chats=concerns_all)
        if _may_be_dropped(kind):
            raise DraftDroppedError(error.retry_after)


class _Tries:
    """How often Telegram, while it was there, did not take one call."""

    def __init__(self, kind: CallKind | None, is_away: Callable[[], Awaitable[bool]]) -> None:
        self._may_wait = kind is CallKind.MESSAGE
        self._is_away = is_away
        self._begun = time.monotonic()
        self._failures = 0
        self._was_away = False
        self.waits = 0

    async def are_hopeless(self) -> bool:
        """Count another failure, and tell whether it was the last that is waited for."""
        self._failures += 1
        if self._failures < _ATTEMPTS:
            return False
        if not self._may_wait or time.monotonic() - self._begun > _LONGEST_OUTAGE:
            return True
        if await self._is_away():
            self._was_away = True
            return False
        if not self._was_away:
            return True
        # It is back: what failed until now says nothing about this call.
        self._failures, self._was_away = 0, False
        return False


async def _answers_nothing(make_request: NextRequestMiddlewareType[User], bot: Bot) -> bool:
    try:
        await make_request(bot, GetMe())
    except _AWAY:
        return True
    except TelegramAPIError:
        return False  # to refuse is to answer
    return False


def _kind(method: TelegramMethod[TelegramType]) -> CallKind | None:
    if isinstance(method, SendMessageDraft):
        return CallKind.DRAFT
    name = method.__api_method__
    if not name.startswith(_COUNTED) or name in _NOT_COUNTED:
        return None
    return CallKind.PREVIEW if current_lane() is Lane.PREVIEW else CallKind.MESSAGE


def _may_be_dropped(kind: CallKind | None) -> bool:
    return kind is not None and kind.may_be_dropped


def _to(method: TelegramMethod[TelegramType], chat_id: int) -> TelegramMethod[TelegramType]:
    return method.model_copy(update={"chat_id": chat_id})
