"""What an answer that is no answer means, and when asking once more may help."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

import aiohttp
import orjson
import structlog

from vitte.core.clock import utc_now
from vitte.core.errors import VitteError

logger = structlog.get_logger(__name__)

LONGEST_WAIT = 5.0
"""Seconds: whoever asks for a longer rest is not asked again by the same call."""
_FIRST_WAIT = 0.25
_LONGEST_BACK_OFF = 4.0
_MAX_READ = 4000
_MAX_TOLD = 200
_REPEATED = re.compile(r"[\[{]\s*[\[{\"']")
_USED_UP = ("insufficient_quota", "billing", "credit")


@dataclass(frozen=True, slots=True, kw_only=True)
class Errors:
    """The errors of one kind of model."""

    unavailable: type[VitteError]
    overloaded: type[VitteError]
    misconfigured: type[VitteError]
    timeout: type[VitteError]
    broken: tuple[type[VitteError], ...] = ()
    """Others that say, before an answer has begun, that the server does not work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An answer whose status is not 200."""

    status: int
    reason: str
    """What the server says of it, cut."""
    retry_after: float | None = None
    """Seconds, where it tells them."""


Explain = Callable[[Refusal], VitteError | None]
"""Finds the error of a refusal that only the caller understands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A try that failed."""

    error: VitteError
    may_pass: bool
    """Whether it may go better a moment later."""
    retry_after: float | None = None


async def read_refusal(response: aiohttp.ClientResponse) -> Refusal:
    """Read what there is to know of an answer whose status is not 200."""
    body = await response.content.read(_MAX_READ)
    reason = f"moved to {location}" if (location := response.headers.get("Location")) else _reason(body)
    logger.warning("model_refused", status=response.status, reason=reason)
    return Refusal(
        status=response.status,
        reason=reason,
        retry_after=_seconds(response.headers.get("Retry-After", "")),
    )


def failure_of(refusal: Refusal, errors: Errors, explain: Explain) -> Failure:
    """Return what a refusal means."""
    message = f"status {refusal.status}: {refusal.reason}" if refusal.reason else f"status {refusal.status}"
    error = explain(refusal)
    if error is not None:
        return Failure(error=error, may_pass=False)
    status = refusal.status
    # OpenRouter's 402 may be a budget that is free again in a moment, and says so.
    is_used_up = status == 402 and refusal.retry_after is None
    if is_used_up or (status == 429 and any(word in refusal.reason.lower() for word in _USED_UP)):
        return Failure(error=errors.overloaded(message), may_pass=False)
    if status in (402, 429, 529):
        return Failure(error=errors.overloaded(message), may_pass=True, retry_after=refusal.retry_after)
    if status in (408, 504):
        return Failure(error=errors.timeout(message), may_pass=True)
    if status >= 500:
        return Failure(error=errors.unavailable(message), may_pass=True, retry_after=refusal.retry_after)
    return Failure(error=errors.misconfigured(message), may_pass=False)


def failure_of_connection(error: aiohttp.ClientError, errors: Errors) -> Failure:
    """Return what an error of the connection means.

    One that was refused or broke costs nothing to try again; one that nobody answered has taken long.
    """
    is_silent = isinstance(error, TimeoutError)
    return Failure(error=errors.unavailable(type(error).__name__), may_pass=not is_silent)


def pause_before(attempt: int, *, retry_after: float | None, chance: float) -> float | None:
    """Return the seconds to wait before another try, or None when that would be too long.

    `attempt` counts from 0; `chance` is between 0 and 1, so that those who failed together do not come back
    together.
    """
    if retry_after is not None:
        return retry_after + _FIRST_WAIT * chance if retry_after <= LONGEST_WAIT else None
    return min(_FIRST_WAIT * 2.0**attempt, _LONGEST_BACK_OFF) * (0.5 + chance)


def _reason(body: bytes) -> str:
    """Return the sentence in an error, wherever its maker has put it.

    Some repeat what they were sent, which is what people wrote: it ends where that begins.
    """
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError:
        return _cut(body.decode(errors="replace"))
    for key in ("error", "message", "detail"):
        if isinstance(told, dict) and told.get(key):
            told = told[key]
    if isinstance(told, list) and told and isinstance(told[0], dict):
        told = told[0].get("msg", "")
    return _cut(told) if isinstance(told, str) else ""


def _cut(text: str) -> str:
    sentence = _REPEATED.split(text, maxsplit=1)[0]
    return " ".join(sentence.split())[:_MAX_TOLD]


def _seconds(retry_after: str) -> float | None:
    """Return the seconds of a Retry-After header: a number or a date.

    https://www.rfc-editor.org/rfc/rfc9110#name-retry-after
    """
    try:
        return max(0.0, float(retry_after))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(retry_after) - utc_now()).total_seconds())
    except (ValueError, TypeError):
        return None
