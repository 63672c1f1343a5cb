"""What is counted of dialogs."""

from prometheus_client import Counter

SUMMARIES = Counter(
    "vitte_dialog_summaries", "Summaries of long dialogs, by what became of them.", ["outcome"]
)
