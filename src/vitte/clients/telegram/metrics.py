"""What the gateway counts."""

from prometheus_client import Counter, Gauge, Histogram

CALLS = Counter("vitte_telegram_calls", "Calls to Telegram by how they ended.", ["method", "outcome"])
WAIT_SECONDS = Histogram(
    "vitte_telegram_wait_seconds",
    "Time that a message waited for Telegram's limits.",
    ["lane"],
    buckets=(0.005, 0.05, 0.25, 0.5, 1, 2, 5, 15, 60),
)
SHARED_LIMITS_AWAY = Gauge(
    "vitte_shared_limits_away",
    "1 while Redis does not answer and this process keeps Telegram's limits by itself.",
    multiprocess_mode="max",
)
