"""Sends updates to a bot's webhook: chats in parallel, each in order, again until it answers 2xx."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

import aiohttp
import orjson
import structlog

from vitte.core.nursery import Nursery
from vitte.sandbox.model import Bot, Json, Webhook
from vitte.sandbox.settings import SandboxSettings
from vitte.sandbox.timing import SandboxClock, unix
from vitte.sandbox.updates import PendingUpdate, UpdateQueue

logger = structlog.get_logger(__name__)

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - the header's name
Execute = Callable[[Bot, str, Json], Awaitable[None]]
"""Runs a method that a webhook answered with."""
# What Telegram does not run from a webhook's answer: WebhookActor::handle in
# https://github.com/tdlib/telegram-bot-api/blob/master/telegram-bot-api/WebhookActor.cpp .
_NOT_EXECUTED = frozenset({"deletewebhook", "setwebhook", "close", "logout"})
_RETRY_AFTER_MAX = 3600


class _Lane:
    """Updates of one chat: the next is sent only when the one before is confirmed."""

    __slots__ = ("delay", "failures", "updates")

    def __init__(self) -> None:
        self.updates: deque[PendingUpdate] = deque()
        self.failures = 0
        self.delay = 0.0


class WebhookSender:
    """Delivers the updates of one bot as long as it runs."""

    def __init__(
        self,
        bot: Bot,
        webhook: Webhook,
        queue: UpdateQueue,
        *,
        session: aiohttp.ClientSession,
        settings: SandboxSettings,
        clock: SandboxClock,
        execute: Execute,
    ) -> None:
        self._bot = bot
        self._webhook = webhook
        self._queue = queue
        self._session = session
        self._settings = settings
        self._clock = clock
        self._execute = execute
        self._lanes: dict[str, _Lane] = {}
        self._ready: deque[tuple[str, _Lane]] = deque()
        self._workers = Nursery()
        self._active = 0
        self._alone = 0

    def start(self) -> None:
        """Send what waits and, from now on, what comes."""
        self._queue.on_push = self._push
        for update in self._queue.pending():
            self._push(update)

    async def stop(self) -> None:
        """Send nothing more; what is under way stays unconfirmed."""
        self._queue.on_push = None
        await self._workers.stop()

    def _push(self, update: PendingUpdate) -> None:
        name = update.lane
        if update.shuffled:
            # A lane of its own: overtaking is what was asked for.
            self._alone += 1
            name = f"{name}/{self._alone}"
        lane = self._lanes.get(name)
        if lane is None:
            lane = self._lanes[name] = _Lane()
            lane.updates.append(update)
            self._wake(name, lane)
        else:
            lane.updates.append(update)

    def _wake(self, name: str, lane: _Lane) -> None:
        self._ready.append((name, lane))
        if self._active < self._webhook.max_connections:
            self._active += 1
            self._workers.start(self._work(), name=f"webhook:{self._bot.id}")

    async def _work(self) -> None:
        try:
            while self._ready:
                name, lane = self._ready.popleft()
                pause = await self._send(lane)
                if not lane.updates:
                    del self._lanes[name]
                elif pause <= 0:
                    self._ready.append((name, lane))
                else:
                    self._workers.start(self._rest(name, lane, pause), name=f"webhook-rest:{self._bot.id}")
        finally:
            self._active -= 1

    async def _rest(self, name: str, lane: _Lane, pause: float) -> None:
        await asyncio.sleep(pause)
        self._wake(name, lane)

    async def _send(self, lane: _Lane) -> float:
        """Send the lane's first update; return how many seconds the lane has to rest then."""
        update = lane.updates[0]
        self._queue.handed(update, how="webhook")
        headers = {"Content-Type": "application/json"}
        if self._webhook.secret_token:
            headers[SECRET_HEADER] = self._webhook.secret_token
        retry_after = 0
        try:
            async with self._session.post(
                self._webhook.url, data=update.body, headers=headers, allow_redirects=False
            ) as answer:
                body = await answer.read()
                if HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
                    self._confirm(lane, update)
                    await self._run_answer(answer.content_type, body)
                    return 0.0
                error = f"Wrong response from the webhook: {answer.status} {answer.reason}"
                retry_after = _retry_after(answer.headers.get("Retry-After", ""))
        except TimeoutError:
            error = "Read timeout expired"
        except aiohttp.ClientConnectorError:
            error = "Connection refused"
        except aiohttp.ClientError:
            error = "Webhook connection closed"
        return self._failed(lane, error, retry_after)

    def _confirm(self, lane: _Lane, update: PendingUpdate) -> None:
        lane.updates.popleft()
        lane.failures = 0
        lane.delay = 0.0
        self._queue.confirmed(update, how="webhook")

    def _failed(self, lane: _Lane, error: str, retry_after: int) -> float:
        self._webhook.last_error_date = unix(self._clock)
        self._webhook.last_error_message = error
        lane.failures += 1
        if retry_after:
            return float(retry_after)
        if lane.failures == 1:
            return 0.0
        lane.delay = min(
            max(lane.delay, self._settings.webhook_retry_delay) * 2, self._settings.webhook_retry_delay_max
        )
        return lane.delay

    async def _run_answer(self, content_type: str, body: bytes) -> None:
        params = _answer_params(content_type, body)
        method = str(params.pop("method", "")).lower()
        if method and method not in _NOT_EXECUTED and not method.startswith("get"):
            await self._execute(self._bot, method, params)


def _retry_after(header: str) -> int:
    return min(int(header), _RETRY_AFTER_MAX) if header.isdecimal() else 0


def _answer_params(content_type: str, body: bytes) -> dict[str, Any]:
    if content_type == "application/json":
        try:
            answer = orjson.loads(body)
        except orjson.JSONDecodeError:
            return {}
        return answer if isinstance(answer, dict) else {}
    if content_type == "application/x-www-form-urlencoded":
        return dict(parse_qsl(body.decode(errors="replace"), keep_blank_values=True))
    return {}


class Webhooks:
    """The senders of all bots that have a webhook."""

    def __init__(self, *, settings: SandboxSettings, clock: SandboxClock, execute: Execute) -> None:
        self._settings = settings
        self._clock = clock
        self._execute = execute
        self._senders: dict[int, WebhookSender] = {}
        self._session: aiohttp.ClientSession | None = None

    async def start(self, bot: Bot, queue: UpdateQueue) -> None:
        """Send the bot's updates to the webhook it has now."""
        await self.stop(bot.id)
        if bot.webhook is None:
            return
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=self._settings.webhook_timeout)
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0), timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()
            )
        sender = WebhookSender(
            bot,
            bot.webhook,
            queue,
            session=self._session,
            settings=self._settings,
            clock=self._clock,
            execute=self._execute,
        )
        self._senders[bot.id] = sender
        sender.start()

    async def stop(self, bot_id: int) -> None:
        """Send nothing more for this bot."""
        if (sender := self._senders.pop(bot_id, None)) is not None:
            await sender.stop()

    async def close(self) -> None:
        """Stop all senders."""
        for bot_id in list(self._senders):
            await self.stop(bot_id)
        if self._session is not None:
            await self._session.close()
            self._session = None
