"""What the process of the backups counts."""

from prometheus_client import Counter, Gauge

BACKUPS = Counter("vitte_backups", "Backups by how making them ended.", ["outcome"])
for _outcome in ("made", "failed"):
    # There from the start, or the first failure would be the beginning of a series and no increase of one.
    BACKUPS.labels(_outcome)
LAST_SUCCESS = Gauge("vitte_backup_last_success_timestamp_seconds", "When the newest good backup was made.")
SIZE_BYTES = Gauge("vitte_backup_size_bytes", "Size of the newest good backup.")
