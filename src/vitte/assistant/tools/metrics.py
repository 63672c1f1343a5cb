"""What is counted of tools; a name that is none of ours is "unknown", whatever the model wrote."""

from prometheus_client import Counter, Histogram

CALLS = Counter("vitte_tool_calls", "Uses of tools by models, by how they ended.", ["tool", "outcome"])
SECONDS = Histogram(
    "vitte_tool_seconds",
    "Time of a use of a tool.",
    ["tool"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30),
)
