"""What the worker counts, over all its processes: to be imported after `count_across_processes`."""

from prometheus_client import Counter, Gauge, Histogram

JOBS = Counter("vitte_jobs", "Tries of jobs, and ticks, by how they ended.", ["name", "outcome"])
JOB_SECONDS = Histogram(
    "vitte_job_seconds",
    "Time that a job took.",
    ["name"],
    buckets=(0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 180, 600),
)
JOBS_DEAD = Counter("vitte_jobs_dead", "Jobs given up after their last try.", ["name"])

# Whoever measured last knows best.
INBOX_OPEN = Gauge("vitte_inbox_open", "Updates that are not done.", multiprocess_mode="mostrecent")
INBOX_OLDEST_SECONDS = Gauge(
    "vitte_inbox_oldest_seconds",
    "Time that the oldest update has waited which could be taken at once.",
    multiprocess_mode="mostrecent",
)
JOBS_OPEN = Gauge("vitte_jobs_open", "Jobs that are not done.", ["queue"], multiprocess_mode="mostrecent")
JOBS_OLDEST_SECONDS = Gauge(
    "vitte_jobs_oldest_seconds",
    "Time that the oldest job which may run has been open.",
    ["queue"],
    multiprocess_mode="mostrecent",
)
PEOPLE = Gauge(
    "vitte_people", "People: reachable, or who blocked the bot.", ["state"], multiprocess_mode="mostrecent"
)
PEOPLE_ACTIVE = Gauge(
    "vitte_people_active",
    "People who wrote or pressed a button within the last day, or week.",
    ["within"],
    multiprocess_mode="mostrecent",
)
USAGE_OPEN = Gauge(
    "vitte_usage_reservations_open",
    "Calls to models that are going on, or whose process was killed.",
    multiprocess_mode="mostrecent",
)
USAGE_COST_TODAY = Gauge(
    "vitte_usage_cost_today_dollars",
    "US dollars that calls to models have cost since midnight UTC.",
    multiprocess_mode="mostrecent",
)
REDIS_EVICTED = Gauge(
    "vitte_redis_evicted_keys",
    "Entries that Redis has thrown away since its start because its memory was full.",
    multiprocess_mode="mostrecent",
)
MEASURED_AT = Gauge(
    "vitte_measured_timestamp_seconds",
    "When these were measured, which takes clock, Redis, worker and PostgreSQL.",
    multiprocess_mode="mostrecent",
)
