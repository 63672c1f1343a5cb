"""The process of background work."""

import os
from functools import partial
from pathlib import Path

import structlog

from vitte.core.folder import own_folder
from vitte.core.job_names import JOB_QUEUES, TICK_QUEUE
from vitte.core.settings import Settings
from vitte.main.begin import begin

logger = structlog.get_logger(__name__)


def run(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT."""
    begin(settings, process="worker")
    with own_folder("worker") as folder:
        # A supervisor that signals the whole process group shall not end the jobs with it.
        # Celery reads this once, when it is imported: hence the imports further down.
        os.environ["REMAP_SIGTERM"] = "SIGQUIT"  # noqa: TID251 - it is how that library is told
        from vitte.core.multiprocess import count_across_processes
        from vitte.worker.multiprocess import place_in_pool

        count_across_processes(folder, place_in_pool)
        exit_code = _run(settings, folder)
    raise SystemExit(exit_code)


def jobs_together(settings: Settings) -> int:
    """Return how many jobs that wait for a model one process does at once.

    No more than an endpoint has places for: whoever waits for one gives up before long, and a job that gave
    up leaves a title or a fact for good.
    """
    llm = settings.llm
    places = (llm.concurrency, *(provider.concurrency for provider in llm.providers.values()))
    return min([settings.worker.jobs_together, *(most for most in places if most)])


def _run(settings: Settings, folder: Path) -> int:
    from celery import signals

    from vitte.core.multiprocess import render
    from vitte.main.container import make_container
    from vitte.main.run import tune_garbage_collection
    from vitte.worker.app import create_celery
    from vitte.worker.bridge import Bridge, open_with_processes
    from vitte.worker.http import WorkerHttp
    from vitte.worker.jobs import all_work
    from vitte.worker.process import WorkerProcess

    app = create_celery(settings)
    bridge = Bridge(
        lambda: make_container(settings, process="worker"),
        work=all_work(),
        settings=settings.worker.model_copy(update={"jobs_together": jobs_together(settings)}),
    )
    bridge.add_to(app)
    open_with_processes(bridge)
    http = WorkerHttp(
        host=settings.worker.host,
        port=settings.worker.metrics_port,
        render_metrics=partial(render, folder, parent=os.getpid()),
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
