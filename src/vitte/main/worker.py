"""The process of background work."""

import os
from pathlib import Path

import structlog

from vitte.core.job_names import JOB_QUEUES, TICK_QUEUE
from vitte.core.settings import Settings
from vitte.main.begin import begin
from vitte.worker.folder import own_folder

logger = structlog.get_logger(__name__)


def run(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT."""
    begin(settings, process="worker")
    with own_folder() as folder:
        # Both libraries read these once, when they are imported: hence the imports further down.
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)  # noqa: TID251 - it is how that library is told
        # A supervisor that signals the whole process group shall not end the jobs with it.
        os.environ["REMAP_SIGTERM"] = "SIGQUIT"  # noqa: TID251 - it is how that library is told
        from vitte.worker.multiprocess import count_across_processes

        count_across_processes()
        exit_code = _run(settings, folder)
    raise SystemExit(exit_code)


def _run(settings: Settings, folder: Path) -> int:
    from celery import signals

    from vitte.main.container import make_container
    from vitte.main.run import tune_garbage_collection
    from vitte.worker.app import create_celery
    from vitte.worker.bridge import Bridge, open_with_processes
    from vitte.worker.http import WorkerHttp
    from vitte.worker.jobs import all_work
    from vitte.worker.multiprocess import render
    from vitte.worker.process import WorkerProcess

    app = create_celery(settings)
    bridge = Bridge(
        lambda: make_container(settings, process="worker"), work=all_work(), settings=settings.worker
    )
    bridge.add_to(app)
    open_with_processes(bridge)
    http = WorkerHttp(
        host=settings.worker.host, port=settings.worker.metrics_port, render_metrics=lambda: render(folder)
    )
    http.start()

    def on_ready(**_: object) -> None:
        http.is_ready.set()
        logger.info("worker_ready", concurrency=settings.worker.concurrency)

    signals.worker_ready.connect(on_ready, weak=False)
    worker = WorkerProcess(
        patience=settings.worker.stop_timeout,
        app=app,
        concurrency=settings.worker.concurrency,
        pool="prefork",
        queues=[*JOB_QUEUES, TICK_QUEUE],
        loglevel=settings.log.level,
        quiet=True,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
    )
    # Before the fork: what stands now is shared by all processes of the pool, and stays shared.
    tune_garbage_collection()
    worker.start()
    http.stop()
    return int(worker.exitcode or 0)
