"""What is counted of calls to servers of models, by the server's name."""

from prometheus_client import Counter, Gauge, Histogram

RETRIES = Counter(
    "vitte_endpoint_retries", "Calls tried once more, by what went wrong.", ["endpoint", "reason"]
)
SKIPPED = Counter(
    "vitte_endpoint_skipped", "Calls not made because the server had not answered.", ["endpoint"]
)
AWAY = Gauge(
    "vitte_endpoint_away",
    "1 while a server does not answer this process and is left alone.",
    ["endpoint"],
    multiprocess_mode="max",
)
BUSY = Gauge("vitte_endpoint_busy", "Calls going on.", ["endpoint"], multiprocess_mode="sum")
WAITING = Gauge(
    "vitte_endpoint_waiting",
    "Calls that wait for a place among these.",
    ["endpoint"],
    multiprocess_mode="sum",
)
CALLS = Counter(
    "vitte_media_calls",
    "Calls to models that hear, speak and embed, by how they ended.",
    ["kind", "model", "outcome"],
)
SECONDS = Histogram(
    "vitte_media_seconds",
    "Time of such a call that was answered.",
    ["kind", "model"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60),
)
