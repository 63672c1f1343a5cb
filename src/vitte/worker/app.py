"""Celery, set up as background work needs it here."""

import logging
import warnings

from celery import Celery, signals
from celery.exceptions import CPendingDeprecationWarning, SecurityWarning

from vitte.clients.jobs import broker_settings
from vitte.core.settings import Settings


def create_celery(settings: Settings) -> Celery:
    """Make the application of the worker and of its clock; jobs and schedule are added to it."""
    app = Celery("vitte")
    app.conf.update(broker_settings(settings))
    app.conf.update(
        timezone="UTC",
        # A job is done when it has ended, not when it was taken: what a killed process had is done again.
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        worker_prefetch_multiplier=1,
        # Hard, in the parent process. Never soft: that interrupts the coroutine only for it to go on
        # inside the next job. A job's own bound is an `asyncio.timeout` in the bridge.
        task_time_limit=settings.worker.time_limit,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        worker_max_tasks_per_child=500,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        result_backend=None,
        # Its own daily clean-up of results, which are not kept here.
        result_expires=None,
    )
    _tune_logging()
    signals.setup_logging.connect(_keep_logging_as_it_is, weak=False, dispatch_uid="vitte.logging")
    return app


def _keep_logging_as_it_is(**_: object) -> None:
    """Celery sets up logging only where nobody answers this signal."""


def _tune_logging() -> None:
    # The bridge has a better line for each of theirs: received, succeeded, and failed with its traceback.
    logging.getLogger("celery.worker.strategy").setLevel(logging.WARNING)
    logging.getLogger("celery.app.trace").setLevel(logging.CRITICAL)
    logging.getLogger("celery.apps.worker").setLevel(logging.WARNING)
    logging.getLogger("celery.beat").setLevel(logging.WARNING)
    # Celery warns root because of pickles; here it reads JSON only.
    warnings.filterwarnings("ignore", category=SecurityWarning)
    # And of jobs that go on while the connection is lost: they may, they stand being done twice.
    warnings.filterwarnings("ignore", category=CPendingDeprecationWarning)
