"""Reports to Sentry: what leaves the machine, and what never does."""

import contextvars
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
import sentry_sdk
import structlog
from sentry_sdk.envelope import Envelope
from sentry_sdk.transport import Transport

from tests.servers import PASSWORD
from vitte import __version__
from vitte.core.error_reports import start_error_reports
from vitte.core.errors import UnavailableError
from vitte.core.ids import bind_correlation_id
from vitte.core.logging import configure_logging
from vitte.core.settings.operating import SentrySettings

TOKEN = "123456789:AAinvented-invented-invented_inv0"
DIARY = "Дорогой дневник, меня зовут Анна"
DSN = "http://public@127.0.0.1:9/1"

NOTHING: dict[str, str] = {}

logger = structlog.get_logger("a.room")


class FakeTransport(Transport):
    """Keeps what would have been sent."""

    def __init__(self) -> None:
        super().__init__({"dsn": DSN})
        self.sent: list[bytes] = []

    def capture_envelope(self, envelope: Envelope) -> None:
        self.sent.append(envelope.serialize())

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(item.splitlines()[2]) for item in self.sent]


class FakeClock:
    """Tells the time that the test says."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def sentry(monkeypatch: pytest.MonkeyPatch, clock: FakeClock) -> Iterator[FakeTransport]:
    """A process with a DSN."""
    monkeypatch.setattr("sys.stderr", StringIO())
    configure_logging(process="bot", format="json")
    transport = FakeTransport()
    start_error_reports(
        SentrySettings(dsn=DSN), process="bot", environment="production", transport=transport, clock=clock
    )
    yield transport
    sentry_sdk.get_client().close(timeout=0)
    sentry_sdk.get_global_scope().set_client(None)
    monkeypatch.undo()
    configure_logging(process="test", level="INFO", format="json")


def log_with_id(correlation_id: str, event: str, **fields: Any) -> None:
    """Log an error in a context of its own, as the work for one update has."""

    def log() -> None:
        bind_correlation_id(correlation_id)
        logger.error(event, **fields)

    contextvars.copy_context().run(log)


def fail(secret: str) -> None:
    """Fail as deep as a database driver does, with everything in its words and variables."""
    question = secret
    try:
        _ = NOTHING[question]
    except KeyError as error:
        raise RuntimeError(f"INSERT ... [parameters: ({question!r}, {PASSWORD!r})]") from error


def test_a_report_says_where_it_went_wrong_and_in_which_release(sentry: FakeTransport) -> None:
    try:
        fail(DIARY)
    except RuntimeError as error:
        log_with_id("update-7", "update_failed", exc_info=error, attempt=2, text=DIARY)
    [event] = sentry.events()
    assert event["release"] == f"vitte@{__version__}"
    assert event["environment"] == "production"
    assert event["tags"] == {
        "process": "bot",
        "correlation_id": "update-7",
        "attempt": "2",
        "logger": "a.room",
    }
    assert event["logentry"] == {"message": "update_failed"}
    cause, effect = event["exception"]["values"]
    assert (cause["type"], effect["type"]) == ("KeyError", "RuntimeError")
    assert effect["stacktrace"]["frames"][-1]["function"] == "fail"
    assert effect["stacktrace"]["frames"][-1]["lineno"] > 0


def test_neither_what_people_write_nor_a_secret_ever_leaves(sentry: FakeTransport) -> None:
    url = f"https://olga:{PASSWORD}@example.org/bot{TOKEN}/getMe?text={DIARY}"
    for number, secret in enumerate((DIARY, TOKEN, PASSWORD, url)):
        try:
            fail(secret)
        except RuntimeError:
            logger.exception(f"failed_{number}", reason=secret, job=secret, code=secret)  # noqa: G004
        logging.getLogger(f"a.library.{number}").error("could not send %s", secret)
        logging.getLogger(f"another.library.{number}").error(f"could not send {secret}")  # noqa: G004
        logger.error("told", exc_info=ValueError(secret), attempt=number, task=f"{number} {secret}")
    log_with_id(f"x {TOKEN}", "last", check=DIARY)
    assert len(sentry.sent) >= 12
    everything = b"".join(sentry.sent).decode()
    escaped = everything.encode().decode("unicode_escape", errors="replace")
    for text in (everything, escaped):
        for secret in ("дневник", "Анна", TOKEN, TOKEN.partition(":")[2], PASSWORD, "p@ss", "example.org"):
            assert secret not in text


def test_what_ends_the_process_is_reported(sentry: FakeTransport) -> None:
    try:
        fail(DIARY)
    except RuntimeError as error:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("sys.stderr", StringIO())
            sys.excepthook(type(error), error, error.__traceback__)
    [event] = sentry.events()
    assert event["exception"]["values"][-1]["type"] == "RuntimeError"
    assert event["tags"]["process"] == "bot"


def test_what_the_product_foresees_is_no_report(sentry: FakeTransport) -> None:
    logger.warning("telegram_away", reason="ConnectionError")
    logger.error("update_failed", exc_info=UnavailableError("the inbox cannot be written"))
    assert sentry.sent == []


def test_an_outage_is_one_report_a_minute_and_not_thousands(sentry: FakeTransport, clock: FakeClock) -> None:
    def outage() -> None:
        for _ in range(100):
            logger.error("update_failed", exc_info=ConnectionRefusedError())

    outage()
    assert len(sentry.sent) == 1
    clock.now = 59
    outage()
    logger.error("job_dead", exc_info=ConnectionRefusedError())
    assert len(sentry.sent) == 2
    clock.now = 61
    outage()
    assert len(sentry.sent) == 3


def test_without_a_dsn_nothing_is_loaded() -> None:
    program = (
        "import sys\nfrom vitte.core.settings import Settings\nfrom vitte.main.begin import begin\n"
        "begin(Settings(), process='bot')\nsys.exit('sentry_sdk' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
