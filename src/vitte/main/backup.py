"""`vitte backup` and `vitte restore`."""

import asyncio
from datetime import timedelta
from functools import partial

import structlog
from prometheus_client import generate_latest

from vitte.backups.archives import Manifest, made_at
from vitte.backups.errors import BackupError
from vitte.backups.metrics import BACKUPS, LAST_SUCCESS, SIZE_BYTES
from vitte.backups.restore import RestoreService
from vitte.backups.service import BackupService
from vitte.core.clock import Clock, SystemClock
from vitte.core.settings import Settings
from vitte.db.migrate import knows_revision
from vitte.main.begin import begin
from vitte.main.run import run_until_stopped
from vitte.worker.http import WorkerHttp

logger = structlog.get_logger(__name__)

NEWEST = "newest"
"""Stands for the name of the newest backup."""
_RETRY_AFTER = timedelta(minutes=10)
_STOP_TIMEOUT = 20.0
"""Seconds that a backup in progress gets at the end. One that is cut off counts as none."""


def make(settings: Settings) -> str:
    """Make one backup, and return its name. Raises BackupError."""
    begin(settings, process="backup")
    return asyncio.run(_backups(settings).make())


def listed(settings: Settings) -> list[tuple[str, str]]:
    """Return all backups with where they are, the newest first. Raises BackupError."""
    begin(settings, process="backup")
    backups = _backups(settings)
    here = set(backups.folder.names())
    there = set(asyncio.run(backups.bucket.names())) if backups.bucket else set()
    return [
        (name, ", ".join(place for place, names in (("folder", here), ("bucket", there)) if name in names))
        for name in sorted(here | there, reverse=True)
    ]


def restore(settings: Settings, name: str, *, although_in_use: bool) -> tuple[str, Manifest]:
    """Replace the database by a backup, or by the "newest". Raises BackupError."""
    begin(settings, process="backup")

    async def put_back() -> tuple[str, Manifest]:
        backups = _backups(settings)
        chosen = await _choose(backups, name)
        return chosen, await _restores(settings, backups).restore(chosen, although_in_use=although_in_use)

    return asyncio.run(put_back())


def drill(settings: Settings, name: str) -> tuple[str, Manifest]:
    """Restore a backup, or the "newest", into a database of its own, and check it. Raises BackupError."""
    begin(settings, process="backup")

    async def rehearse() -> tuple[str, Manifest]:
        backups = _backups(settings)
        chosen = await _choose(backups, name)
        return chosen, await _restores(settings, backups).drill(chosen)

    return asyncio.run(rehearse())


def run(settings: Settings, *, every: timedelta) -> None:
    """Make a backup whenever the newest is older than `every`, until SIGTERM or SIGINT."""
    begin(settings, process="backup")
    run_until_stopped(partial(serve, settings, SystemClock(), every=every), patience=_STOP_TIMEOUT)


async def serve(settings: Settings, clock: Clock, stop: asyncio.Event, *, every: timedelta) -> None:
    """Make backups until `stop` is set, with health and metrics meanwhile."""
    http = WorkerHttp(host=settings.backup.host, port=settings.backup.port, render_metrics=generate_latest)
    http.start()
    http.is_ready.set()
    backups = _backups(settings, clock)
    try:
        logger.info("backup_ready", hours=every.total_seconds() / 3600)
        while not stop.is_set():
            wait = await _make_if_due(backups, clock, every=every)
            try:
                async with asyncio.timeout(wait.total_seconds()):
                    await stop.wait()
            except TimeoutError:
                continue
    finally:
        await asyncio.to_thread(http.stop)


async def _make_if_due(backups: BackupService, clock: Clock, *, every: timedelta) -> timedelta:
    """Return how long to wait for the next look."""
    if (wait := _note_newest(backups, clock, every=every)) > timedelta():
        return wait
    try:
        await backups.make()
    except BackupError as error:
        BACKUPS.labels("failed").inc()
        logger.error("backup_failed", reason=str(error))  # noqa: TRY400 - the reason says it all
        _note_newest(backups, clock, every=every)
        return min(every, _RETRY_AFTER)
    wait = _note_newest(backups, clock, every=every)
    # Last: whoever sees that one more was made finds its size there.
    BACKUPS.labels("made").inc()
    return max(wait, timedelta(seconds=1))


def _note_newest(backups: BackupService, clock: Clock, *, every: timedelta) -> timedelta:
    """Set the metrics of the newest backup, and return when it will be too old; at most `every` from now."""
    newest = backups.folder.newest()
    at = made_at(newest) if newest else None
    if newest is None or at is None:
        return timedelta()
    LAST_SUCCESS.set(at.timestamp())
    SIZE_BYTES.set(backups.folder.manifest(newest).size)
    return min(at + every - clock.now(), every)


async def _choose(backups: BackupService, name: str) -> str:
    return await backups.newest() if name == NEWEST else name


def _backups(settings: Settings, clock: Clock | None = None) -> BackupService:
    return BackupService(settings.backup, settings.database, clock or SystemClock())


def _restores(settings: Settings, backups: BackupService) -> RestoreService:
    return RestoreService(backups, settings.backup, settings.database, knows_revision=knows_revision)
