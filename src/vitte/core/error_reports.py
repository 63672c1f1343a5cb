"""Reports of unexpected errors to Sentry: where it went wrong, and nothing of what anybody said.

A report is made anew from a few fields that cannot hold anything personal. What an error says may hold a
message, a password or an address, so it stays in the log; the correlation id finds it there.
"""

import logging
import re
import sys
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from vitte import __version__
from vitte.core.errors import VitteError
from vitte.core.ids import current_correlation_id
from vitte.core.settings.operating import SentrySettings

if TYPE_CHECKING:
    from sentry_sdk.transport import Transport

_TAGS = ("process", "job", "task", "code", "outcome", "attempt", "check")
_SANE = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_FRAME = ("filename", "function", "module", "lineno", "in_app")
_KEPT = ("event_id", "timestamp", "level", "platform", "release", "environment", "sdk")
_SAME_ERROR_AFTER = 60.0
"""Seconds until an error that has been reported is reported again: an outage is one error, not thousands."""

Event = dict[str, Any]


def start_error_reports(
    settings: SentrySettings,
    *,
    process: str,
    environment: str,
    transport: "Transport | None" = None,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Report what is logged as an error, and what ends the process. Without a DSN nothing is loaded.

    To be called after `configure_logging`, which begins with no handler but its own.
    """
    dsn = settings.dsn.get_secret_value()
    if not dsn:
        return
    import sentry_sdk
    from sentry_sdk.integrations.atexit import AtexitIntegration
    from sentry_sdk.integrations.excepthook import ExcepthookIntegration

    sentry_sdk.init(
        dsn=dsn,
        transport=transport,
        release=f"vitte@{__version__}",
        environment=environment,
        server_name=process,
        # It would otherwise patch every library it knows, and collect what passes through them.
        default_integrations=False,
        auto_enabling_integrations=False,
        integrations=[AtexitIntegration(callback=lambda _pending, _timeout: None), ExcepthookIntegration()],
        before_send=_Sieve(process, clock),  # type: ignore[arg-type]
        include_local_variables=False,
        include_source_context=False,
        max_breadcrumbs=0,
        auto_session_tracking=False,
        send_client_reports=False,
    )
    logging.getLogger().addHandler(_Reporter(logging.ERROR))


class _Reporter(logging.Handler):
    """Hands errors that are logged to Sentry."""

    def emit(self, record: logging.LogRecord) -> None:
        """Report a line."""
        import sentry_sdk
        from sentry_sdk.utils import event_from_exception, exc_info_from_error

        if record.name.startswith("sentry_sdk"):
            return
        fields: Mapping[str, Any] = record.msg if isinstance(record.msg, dict) else {}
        error = _error_of(fields.get("exc_info") or record.exc_info)
        event: Event = {}
        hint: dict[str, Any] = {}
        if error is not None:
            options = sentry_sdk.get_client().options
            event, hint = event_from_exception(exc_info_from_error(error), client_options=options)  # type: ignore[assignment]
        # Lines of others are sentences, with whatever is in them; ours are names.
        event["logentry"] = {"message": str(fields.get("event", record.name))}
        event["level"] = record.levelname.lower()
        event["tags"] = {**_tags(fields), "logger": record.name}
        sentry_sdk.capture_event(event, hint)  # type: ignore[arg-type]


class _Sieve:
    """Lets through what is unexpected, new, and says nothing personal."""

    def __init__(self, process: str, clock: Callable[[], float]) -> None:
        self._process = process
        self._clock = clock
        self._reported: dict[tuple[str, ...], float] = {}

    def __call__(self, event: Event, hint: Mapping[str, Any]) -> Event | None:
        """Return what of an event may leave, or None."""
        if isinstance(_error_of(hint.get("exc_info")), VitteError):
            return None
        message = str((event.get("logentry") or {}).get("message", ""))
        exceptions = [_exception(value) for value in (event.get("exception") or {}).get("values", ())]
        if not self._is_new((message, *(str(exception["type"]) for exception in exceptions))):
            return None
        kept = {name: event[name] for name in _KEPT if name in event}
        tags = {name: value for name, value in (event.get("tags") or {}).items() if _is_sane(value)}
        kept["tags"] = {"process": self._process, **tags}
        correlation_id = tags.get("correlation_id") or current_correlation_id()
        if _is_sane(correlation_id):
            kept["tags"]["correlation_id"] = correlation_id
        if _is_sane(message):
            kept["logentry"] = {"message": message}
        if exceptions:
            kept["exception"] = {"values": exceptions}
        kept["server_name"] = self._process
        return kept

    def _is_new(self, error: tuple[str, ...]) -> bool:
        now = self._clock()
        self._reported = {name: at for name, at in self._reported.items() if at > now - _SAME_ERROR_AFTER}
        if error in self._reported:
            return False
        self._reported[error] = now
        return True


def _tags(fields: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(fields[name]) for name in (*_TAGS, "correlation_id") if name in fields}


def _is_sane(value: object) -> bool:
    return isinstance(value, str) and _SANE.fullmatch(value) is not None


def _exception(value: Mapping[str, Any]) -> Event:
    frames = (value.get("stacktrace") or {}).get("frames", ())
    return {
        "type": value.get("type"),
        "module": value.get("module"),
        "value": "(in the log)",
        "stacktrace": {
            "frames": [{name: frame[name] for name in _FRAME if name in frame} for frame in frames]
        },
    }


def _error_of(exc_info: Any) -> BaseException | None:
    """Return the error of what logging calls exc_info: an error, its triple, True for the one at hand."""
    if exc_info is True:
        return sys.exc_info()[1]
    if isinstance(exc_info, BaseException):
        return exc_info
    if isinstance(exc_info, tuple) and isinstance(exc_info[1], BaseException):
        return exc_info[1]
    return None
