"""Are the machine, the certificate and the backups in order?"""

import asyncio
import shutil
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from vitte.backups.archives import Folder, made_at
from vitte.backups.bucket import Bucket
from vitte.backups.errors import BackupError
from vitte.core.clock import utc_now
from vitte.core.settings import Settings
from vitte.main.doctor.finding import Finding, doubtful, ok, unused, wrong

_DISK_FULL, _DISK_FILLING = 0.1, 0.2
_CERTIFICATE_ENDS, _CERTIFICATE_SOON = timedelta(days=3), timedelta(days=14)
_BACKUP_OLD = timedelta(hours=36)
_GIB = 1 << 30


async def check_disk(settings: Settings) -> Finding:
    """There is room, here and where backups go."""
    free, total = await asyncio.to_thread(_tightest_disk, Path(settings.backup.folder))
    share = free / total
    what = f"{free / _GIB:.1f} GiB of {total / _GIB:.0f} are free"
    cure = "Delete what is not needed, such as old images: `docker image prune -a`, or get a larger disk."
    if share < _DISK_FULL:
        return wrong(what, cure)
    return doubtful(what, cure) if share < _DISK_FILLING else ok(what)


def _tightest_disk(folder: Path) -> tuple[int, int]:
    """Return what is free of how much, on the fuller one of the disks of this machine and of `folder`."""
    # A folder that is not there yet will be on the disk of the nearest one that is.
    absolute = folder.absolute()
    places = {Path("/"), next(path for path in (absolute, *absolute.parents) if path.exists())}
    disks = [shutil.disk_usage(place) for place in places]
    tightest = min(disks, key=lambda disk: disk.free / disk.total)
    return tightest.free, tightest.total


async def check_certificate(settings: Settings) -> Finding:
    """The certificate of the webhook's address is good, and will be for a while."""
    url = urlsplit(settings.telegram.webhook_url)
    if settings.telegram.mode != "webhook" or url.scheme != "https" or not url.hostname:
        return unused("there is no webhook with a certificate")
    where = f"{url.hostname}:{url.port or 443}"
    try:
        _, writer = await asyncio.open_connection(
            url.hostname, url.port or 443, ssl=ssl.create_default_context()
        )
    except ssl.SSLCertVerificationError as error:
        return wrong(
            f"the certificate of {where} is not good: {error.verify_message}",
            "Telegram refuses it. Get one from Let's Encrypt, and see that the proxy sends the whole chain.",
        )
    except (OSError, ssl.SSLError) as error:
        return wrong(
            f"{where} cannot be reached: {type(error).__name__}",
            "Does the name lead to this machine, and does the proxy listen?",
        )
    certificate = writer.get_extra_info("peercert")
    writer.close()
    left = datetime.fromtimestamp(ssl.cert_time_to_seconds(certificate["notAfter"]), UTC) - utc_now()
    what = f"the certificate of {where} is good for {left.days} days"
    cure = "Renew it, and see why that did not happen by itself: `certbot renew`."
    if left < _CERTIFICATE_ENDS:
        return wrong(what, cure)
    return doubtful(what, cure) if left < _CERTIFICATE_SOON else ok(what)


async def check_backups(settings: Settings) -> Finding:
    """There is a fresh backup."""
    folder = Folder(Path(settings.backup.folder))
    newest = folder.newest()
    at = made_at(newest) if newest else None
    if newest is None or at is None:
        return doubtful(
            f"there is no backup in {folder.path}",
            "Run `vitte backup --every 24h`; if it runs elsewhere, ask there.",
        )
    age = utc_now() - at
    what = f"{newest} is {age.total_seconds() / 3600:.0f} hours old"
    if age > _BACKUP_OLD:
        return wrong(f"the newest backup is old: {what}", "Does `vitte backup --every 24h` run? See its log.")
    return ok(what)


async def check_bucket(settings: Settings) -> Finding:
    """The bucket of the backups answers."""
    bucket = Bucket.of(settings.backup)
    if bucket is None:
        return unused("VITTE_BACKUP__S3_URL is not set: backups stay on this machine")
    if not settings.backup.s3_secret_key.get_secret_value():
        return unused("the key of the bucket is not known here: ask where the backups are made")
    try:
        names = await bucket.names()
    except BackupError as error:
        return wrong(str(error), "Check VITTE_BACKUP__S3_*: address, bucket, region and keys.")
    return ok(f"{len(names)} backups in {settings.backup.s3_bucket}")
