"""The polling door: updates from Telegram into the inbox."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import aiohttp
import structlog

from vitte.bot.metrics import POLLS
from vitte.core.errors import UnavailableError
from vitte.core.json import loads
from vitte.core.settings.outside import TelegramSettings
from vitte.inbox.schemas import NotAnUpdateError

TakeIn = Callable[[Sequence[dict[str, Any]]], Awaitable[None]]
"""Stores updates for good. Raises NotAnUpdateError or UnavailableError."""

logger = structlog.get_logger(__name__)

_BATCH = 100
_FIRST_BACKOFF = 0.5
_MAX_BACKOFF = 15.0
_INBOX_BACKOFF = 2.0
"""Seconds at most that people wait after PostgreSQL is back: it is ours, and need not be spared."""


_CONFLICT = 409
_ANOTHER_POLLER, _WEBHOOK_SET = "another_poller", "webhook_set"
_CURES = {
    _ANOTHER_POLLER: "only one bot may poll: stop the other, or let both share a webhook",
    _WEBHOOK_SET: "another deployment has set a webhook: stop that one, then start this one anew",
}
"""What to do where two of us are in each other's way. Nothing is lost by it, and little comes in."""


class PollError(Exception):
    """A poll brought no updates; `retry_after` is how many seconds Telegram asks to wait, if it does."""

    def __init__(self, outcome: str, retry_after: float | None = None) -> None:
        super().__init__(outcome)
        self.outcome = outcome
        self.retry_after = retry_after


class Poller:
    """Asks Telegram for updates, stores them, and only then tells Telegram that it has them.

    The JSON is not read by aiogram here: an update that its models refuse would hold up all behind it.
    https://core.telegram.org/bots/api#getupdates
    """

    def __init__(
        self, settings: TelegramSettings, take_in: TakeIn, *, allowed_updates: Sequence[str]
    ) -> None:
        self._settings = settings
        self._take_in = take_in
        self._url = f"{settings.api_url}/bot{settings.token.get_secret_value()}/getUpdates"
        self._allowed_updates = list(allowed_updates)
        self._offset = 0

    async def run(self) -> None:
        """Poll until cancelled."""
        settings = self._settings
        timeout = aiohttp.ClientTimeout(total=settings.poll_timeout + settings.request_timeout)
        backoff = _FIRST_BACKOFF
        async with aiohttp.ClientSession(timeout=timeout) as session:
            while True:
                try:
                    updates = await self._poll(session)
                    await self._store(updates)
                except PollError as error:
                    wait, outcome = error.retry_after or backoff, error.outcome
                except UnavailableError:
                    wait, outcome = min(backoff, _INBOX_BACKOFF), "inbox_unavailable"
                else:
                    POLLS.labels(outcome="ok").inc()
                    backoff = _FIRST_BACKOFF
                    continue
                POLLS.labels(outcome=outcome).inc()
                if cure := _CURES.get(outcome):
                    logger.warning(outcome, cure=cure, wait=wait)
                else:
                    logger.warning("poll_failed", outcome=outcome, wait=wait)
                await asyncio.sleep(wait)
                backoff = min(backoff * 2, _MAX_BACKOFF)

    async def _poll(self, session: aiohttp.ClientSession) -> list[dict[str, Any]]:
        body = {
            "offset": self._offset,
            "limit": _BATCH,
            "timeout": self._settings.poll_timeout,
            "allowed_updates": self._allowed_updates,
        }
        try:
            async with session.post(self._url, json=body) as response:
                answer = loads(await response.read())
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            # Not the error's own text: it may quote the address, which holds the token.
            raise PollError(type(error).__name__) from None
        except ValueError:
            raise PollError("not_json") from None
        if not isinstance(answer, dict) or not answer.get("ok") or not isinstance(answer.get("result"), list):
            answer = answer if isinstance(answer, dict) else {}
            parameters = answer.get("parameters") or {}
            logger.warning("poll_refused", description=answer.get("description"))
            raise PollError(_outcome_of(answer), parameters.get("retry_after"))
        updates: list[dict[str, Any]] = answer["result"]
        return updates

    async def _store(self, updates: list[dict[str, Any]]) -> None:
        if not updates:
            return
        try:
            await self._take_in(updates)
        except NotAnUpdateError:
            # Without an id an update can be neither stored nor acknowledged; Telegram sends none.
            raise PollError("not_an_update") from None
        self._offset = max(update["update_id"] for update in updates) + 1


def _outcome_of(refusal: dict[str, Any]) -> str:
    """Return what a refusal means.

    Telegram's words for a conflict are "terminated by other getUpdates request", "terminated by setWebhook
    request" and "can't use getUpdates method while webhook is active".
    """
    code = refusal.get("error_code")
    if code != _CONFLICT:
        return f"status_{code}"
    return _ANOTHER_POLLER if "other getUpdates" in str(refusal.get("description")) else _WEBHOOK_SET
