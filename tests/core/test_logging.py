"""Logs: what a line holds, and what it never holds."""

import json
import logging
from io import StringIO

import pytest
import structlog

from vitte.core.ids import bind_correlation_id
from vitte.core.logging import configure_logging

TOKEN = "123456789:AAinvented-invented-invented_inv0"


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch) -> StringIO:
    """What a process with JSON logs writes to its standard error."""
    stream = StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    configure_logging(process="test", format="json")
    return stream


def test_the_bots_token_never_appears_wherever_it_comes_from(printed: StringIO) -> None:
    logger = structlog.get_logger("a.room")
    logger.info("event", url=f"https://example.org/bot{TOKEN}/getMe", nested={"list": [TOKEN]})
    logging.getLogger("a.library").warning("failed: %s", f"http://127.0.0.1/bot42:TEST/getMe {TOKEN}")
    logger.error("broken", exc_info=RuntimeError(TOKEN))
    assert TOKEN not in printed.getvalue()
    assert "42:TEST" not in printed.getvalue()
    assert printed.getvalue().count("[hidden]") == 5


def test_a_line_that_cannot_be_written_does_not_show_what_it_would_have_said(
    monkeypatch: pytest.MonkeyPatch, printed: StringIO
) -> None:
    printed.close()
    now = StringIO()
    monkeypatch.setattr("sys.stderr", now)
    logging.getLogger("a.library").warning("failed: %s", TOKEN)
    assert TOKEN not in now.getvalue()


def test_a_line_tells_process_level_logger_and_correlation(printed: StringIO) -> None:
    bind_correlation_id("update-7")
    structlog.get_logger("a.room").info("event", answer=42)
    line = json.loads(printed.getvalue())
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "event",
        "answer": 42,
        "level": "info",
        "logger": "a.room",
        "process": "test",
        "correlation_id": "update-7",
    }
