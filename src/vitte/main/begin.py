"""What every process does first."""

from vitte.core.error_reports import start_error_reports
from vitte.core.logging import configure_logging
from vitte.core.settings import Process, Settings


def begin(settings: Settings, *, process: Process) -> None:
    """Set up logs, and reports of errors where a DSN is set."""
    configure_logging(process=process, level=settings.log.level, format=settings.log.format)
    start_error_reports(settings.sentry, process=process, environment=settings.environment)
