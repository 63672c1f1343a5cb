"""The process of Celery's clock."""

from typing import Any

import structlog
from celery import signals
from celery.apps.beat import Beat
from prometheus_client import REGISTRY, generate_latest

from vitte.core.certificates import CertificateCollector
from vitte.core.clock import utc_now
from vitte.core.machine import MachineCollector
from vitte.core.settings import Settings
from vitte.core.stopping import MARGIN, obey_signals
from vitte.main.begin import begin
from vitte.worker.app import create_celery
from vitte.worker.http import WorkerHttp
from vitte.worker.schedule import create_schedule
from vitte.worker.sign_of_life import LONGEST_PAUSE, VisibleScheduler

logger = structlog.get_logger(__name__)


class BeatProcess(Beat):  # type: ignore[misc]
    """Celery's clock, which obeys signals as every process of ours does."""

    def install_sync_handler(self, service: Any) -> None:  # noqa: ARG002 - Celery's signature
        """Install our signal handlers instead of Celery's."""
        # Nothing in progress is worth waiting for: a tick that was not sent is made up for by the next clock.
        obey_signals(_stop, within=MARGIN)


def _stop() -> None:
    # Whatever it waits for, be it a Redis that does not answer.
    raise SystemExit(0)


def run(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT."""
    begin(settings, process="beat")
    REGISTRY.register(MachineCollector())
    if settings.beat.certificate_at:
        REGISTRY.register(CertificateCollector(settings.beat.certificate_at))
    app = create_celery(settings)
    app.conf.beat_schedule = create_schedule(utc_now(), sweep_interval=settings.worker.sweep_interval)
    http = WorkerHttp(host=settings.beat.host, port=settings.beat.port, render_metrics=generate_latest)
    http.start()

    def on_start(**_: object) -> None:
        http.is_ready.set()
        logger.info("beat_ready", entries=sorted(app.conf.beat_schedule))

    signals.beat_init.connect(on_start, weak=False)
    BeatProcess(
        app=app,
        scheduler_cls=VisibleScheduler,
        max_interval=LONGEST_PAUSE,
        loglevel=settings.log.level,
        quiet=True,
    ).run()
