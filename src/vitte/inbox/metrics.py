"""What the inbox counts."""

from prometheus_client import Counter, Gauge, Histogram

UPDATES_TAKEN_IN = Counter("vitte_updates_taken_in", "Updates stored, each once.")
UPDATES_HANDLED = Counter(
    "vitte_updates_handled", "Updates by what they are, and how handling them ended.", ["type", "outcome"]
)
UPDATES_DEAD = Counter("vitte_updates_dead", "Updates given up after their last try.")
CLAIMS_FAILED = Counter("vitte_inbox_claims_failed", "Looks into the inbox that PostgreSQL did not answer.")
UPDATES_IN_PROGRESS = Gauge(
    "vitte_updates_in_progress", "Updates being handled just now.", multiprocess_mode="sum"
)
UPDATE_SECONDS = Histogram(
    "vitte_update_seconds",
    "Time from claiming an update to its end.",
    ["type"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300),
)
