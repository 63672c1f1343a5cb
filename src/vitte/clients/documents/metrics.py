"""What is counted of files."""

from prometheus_client import Counter, Histogram

FILES_READ = Counter(
    "vitte_files_read", "Files that people sent, by kind and by how reading them ended.", ["kind", "outcome"]
)
FILE_SECONDS = Histogram(
    "vitte_file_seconds",
    "Time from having a file to having its words, waiting for a turn included.",
    ["kind"],
    buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 60),
)
