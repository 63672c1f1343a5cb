"""What is counted of jobs wherever they are ordered; what becomes of them is the worker's to count."""

from prometheus_client import Counter

JOBS_ENQUEUED = Counter("vitte_jobs_enqueued", "Jobs committed.", ["name"])
