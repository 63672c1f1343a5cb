"""Telegram's flood limits."""

import math
from collections import deque

from vitte.sandbox.errors import too_many_requests
from vitte.sandbox.settings import SandboxLimits
from vitte.sandbox.timing import SandboxClock

_MINUTE = 60.0


class _Bucket:
    """A token bucket on somebody else's clock."""

    __slots__ = ("_burst", "_rate", "_tokens", "_updated")

    def __init__(self, *, rate: float, burst: int, now: float) -> None:
        self._rate = rate
        self._burst = float(burst)
        self._tokens = self._burst
        self._updated = now

    def wait(self, now: float) -> float:
        """Return the seconds until a token is there; 0 when one is."""
        self._tokens = min(self._burst, self._tokens + (now - self._updated) * self._rate)
        self._updated = now
        return 0.0 if self._tokens >= 1.0 else (1.0 - self._tokens) / self._rate

    def take(self) -> None:
        """Take the token that `wait` saw."""
        self._tokens -= 1.0


class _ChatLimits:
    """What one bot did lately in one chat."""

    __slots__ = ("blocked_until", "drafts", "drafts_blocked_until", "minute", "sends")

    def __init__(self, limits: SandboxLimits, *, now: float) -> None:
        self.sends = _Bucket(rate=limits.chat_rate, burst=limits.chat_burst, now=now)
        self.drafts = _Bucket(rate=limits.draft_rate, burst=limits.draft_burst, now=now)
        self.minute: deque[float] = deque()
        self.blocked_until = 0.0
        self.drafts_blocked_until = 0.0


class FloodLimiter:
    """Refuses calls that come too fast for Telegram; a refused chat stays refused for `retry_after`."""

    def __init__(self, limits: SandboxLimits, clock: SandboxClock) -> None:
        self._limits = limits
        self._clock = clock
        self._chats: dict[tuple[int, int], _ChatLimits] = {}
        self._overall: dict[int, _Bucket] = {}
        self._replies: dict[int, _Bucket] = {}

    def message(self, bot_id: int, chat_id: int, *, heard_at: float | None = None) -> None:
        """Count a message or an edit; raise a 429 `BotApiError` when it is one too many.

        `heard_at` is when the chat's person did something last, on the monotonic clock.
        """
        if not self._limits.enabled:
            return
        now = self._clock.monotonic()
        chat = self._chat(bot_id, chat_id, now)
        if chat.blocked_until > now:
            raise too_many_requests(math.ceil(chat.blocked_until - now))
        overall = self._overall_bucket(bot_id, now, is_reply=self._is_reply(chat_id, heard_at, now))
        wait = max(self._chat_wait(chat, chat_id, now), overall.wait(now))
        if wait > 0:
            retry_after = math.ceil(wait)
            chat.blocked_until = now + retry_after
            raise too_many_requests(retry_after)
        overall.take()
        chat.sends.take()
        if chat_id < 0:
            chat.minute.append(now)

    def draft(self, bot_id: int, chat_id: int) -> None:
        """Count a draft; raise a 429 `BotApiError` when it is one too many."""
        if not self._limits.enabled:
            return
        now = self._clock.monotonic()
        chat = self._chat(bot_id, chat_id, now)
        if chat.drafts_blocked_until > now:
            raise too_many_requests(math.ceil(chat.drafts_blocked_until - now))
        wait = chat.drafts.wait(now)
        if wait > 0:
            retry_after = math.ceil(wait)
            chat.drafts_blocked_until = now + retry_after
            raise too_many_requests(retry_after)
        chat.drafts.take()

    def _is_reply(self, chat_id: int, heard_at: float | None, now: float) -> bool:
        return chat_id > 0 and heard_at is not None and now - heard_at <= self._limits.reply_window

    def _overall_bucket(self, bot_id: int, now: float, *, is_reply: bool) -> _Bucket:
        limits = self._limits
        buckets = self._replies if is_reply else self._overall
        if (bucket := buckets.get(bot_id)) is None:
            rate = limits.reply_rate if is_reply else limits.overall_rate
            burst = limits.reply_burst if is_reply else limits.overall_burst
            bucket = buckets[bot_id] = _Bucket(rate=rate, burst=burst, now=now)
        return bucket

    def _chat(self, bot_id: int, chat_id: int, now: float) -> _ChatLimits:
        key = (bot_id, chat_id)
        if (chat := self._chats.get(key)) is None:
            chat = self._chats[key] = _ChatLimits(self._limits, now=now)
        return chat

    def _chat_wait(self, chat: _ChatLimits, chat_id: int, now: float) -> float:
        wait = chat.sends.wait(now)
        if wait > 0:
            wait = max(wait, self._limits.chat_penalty)
        if chat_id < 0:
            while chat.minute and chat.minute[0] <= now - _MINUTE:
                chat.minute.popleft()
            if len(chat.minute) >= self._limits.group_per_minute:
                wait = max(wait, chat.minute[0] + _MINUTE - now)
        return wait
