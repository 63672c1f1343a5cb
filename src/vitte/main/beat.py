"""The process of Celery's clock."""

import structlog
from celery import signals
from celery.beat import Scheduler

from vitte.core.clock import utc_now
from vitte.core.logging import configure_logging
from vitte.core.settings import Settings
from vitte.worker.app import create_celery
from vitte.worker.schedule import create_schedule

logger = structlog.get_logger(__name__)


def run(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT."""
    configure_logging(process="beat", level=settings.log.level, format=settings.log.format)
    app = create_celery(settings)
    app.conf.beat_schedule = create_schedule(utc_now(), sweep_interval=settings.worker.sweep_interval)

    def on_start(**_: object) -> None:
        logger.info("beat_ready", entries=sorted(app.conf.beat_schedule))

    signals.beat_init.connect(on_start, weak=False)
    # Celery's plain scheduler: its default one keeps a file, which a kill in the wrong moment breaks.
    app.Beat(scheduler_cls=Scheduler, loglevel=settings.log.level, quiet=True).run()
