"""What the cache counts, by kind of entry."""

from prometheus_client import Counter, Gauge

READS = Counter(
    "vitte_cache_reads",
    "Reads by where the answer came from: local and hit are the cache, all others PostgreSQL.",
    ["kind", "outcome"],
)
WRITES = Counter(
    "vitte_cache_writes",
    "Entries by what became of them: stored, refused because they might be old, failed.",
    ["kind", "outcome"],
)
INVALIDATIONS = Counter(
    "vitte_cache_invalidations",
    "Entries to be deleted after a commit: done, or owed until Redis is back.",
    ["kind", "outcome"],
)
CACHE_AWAY = Gauge(
    "vitte_cache_away",
    "1 while Redis does not answer this process's cache and PostgreSQL is asked instead.",
    multiprocess_mode="max",
)
