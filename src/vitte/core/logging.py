"""Logs: JSON lines for machines, colours for a terminal, never a secret."""

import logging
import os
import re
import sys
from collections.abc import MutableMapping
from io import UnsupportedOperation
from typing import Any, Literal, TextIO

import orjson
import structlog

from vitte.core.ids import current_correlation_id

LogFormat = Literal["auto", "json", "console"]

# A bot token as Telegram makes them: the bot's id, a colon, 30 or more characters of base64url.
# https://core.telegram.org/bots/features#botfather . The sandbox's short tokens are hidden with their URL.
_TOKEN = re.compile(r"\b\d{6,}:[\w-]{30,}")
_TOKEN_IN_URL = re.compile(r"(?<=/bot)\d+:[\w-]+")
_HIDDEN = "[hidden]"


def hide_secrets(text: str) -> str:
    """Return `text` with every Telegram bot token replaced."""
    if ":" not in text:
        return text
    return _TOKEN_IN_URL.sub(_HIDDEN, _TOKEN.sub(_HIDDEN, text))


def _hide(value: Any) -> Any:
    if isinstance(value, str):
        return hide_secrets(value)
    if isinstance(value, dict):
        return {key: _hide(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_hide(item) for item in value]
    return value


def _add_correlation_id(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    if (correlation_id := current_correlation_id()) is not None:
        event.setdefault("correlation_id", correlation_id)
    return event


def _hide_in_event(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in event.items():
        # Made here, and the one text with a colon that is in every line.
        if key != "timestamp":
            event[key] = _hide(value)
    return event


def _to_json(event: MutableMapping[str, Any], **_: Any) -> str:
    return orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


class _LineHandler(logging.StreamHandler[TextIO]):
    """Writes a line past the stream's buffer.

    The handler of a signal may log while another line is being written: a buffer refuses that, and the line
    that says why the process ended is lost.
    """

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        try:
            descriptor = self.stream.fileno()
        except UnsupportedOperation:
            super().emit(record)
            return
        except ValueError:
            # Closed; at the end of a process there may be nobody left to write for.
            return
        try:
            line = f"{self.format(record)}{self.terminator}".encode(errors="backslashreplace")
            while line:
                line = line[os.write(descriptor, line) :]
        except Exception:  # noqa: BLE001 - as every handler of this library does
            self.handleError(record)


def configure_logging(*, process: str, level: str = "INFO", format: LogFormat = "auto") -> None:  # noqa: A002
    """Send the logs of this process, the standard library's included, to standard error.

    `format` "auto" means colours on a terminal and JSON lines elsewhere.
    """
    as_json = format == "json" or (format == "auto" and not sys.stderr.isatty())
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        _add_correlation_id,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: list[Any] = (
        [structlog.processors.format_exc_info, _hide_in_event, structlog.processors.JSONRenderer(_to_json)]
        if as_json
        else [_hide_in_event, structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.processors.StackInfoRenderer(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = _LineHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    # Where in the code a line comes from, and from which thread, is asked for each and shown in none:
    # https://docs.python.org/3/howto/logging.html#optimization .
    logging._srcfile = None  # noqa: SLF001 - as that page says
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    # When a line cannot be written, logging would print it unformatted: with every secret in it.
    logging.raiseExceptions = False
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    # Their lines at INFO repeat what ours say better, once for every request.
    for noisy in ("httpx", "aiohttp.access", "uvicorn.access", "aiogram.event"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, root.level))
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "celery"):
        child = logging.getLogger(name)
        child.handlers = []
        child.propagate = True
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(process=process)
