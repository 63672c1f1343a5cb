"""What the assistant counts."""

from prometheus_client import Counter, Histogram

ANSWERS = Counter("vitte_answers", "Answers by how they ended.", ["outcome"])
FIRST_TOKEN_SECONDS = Histogram(
    "vitte_llm_first_token_seconds",
    "Time to the first piece of an answer.",
    buckets=(0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60),
)
ANSWER_SECONDS = Histogram(
    "vitte_llm_answer_seconds",
    "Time of a whole answer.",
    buckets=(0.5, 1, 2, 4, 8, 15, 30, 60, 120, 300),
)
