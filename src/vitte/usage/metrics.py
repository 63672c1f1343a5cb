"""What is counted of calls to models; money is counted here to be watched, and in PostgreSQL to be kept."""

from prometheus_client import Counter

from vitte.usage.costs import MICRO
from vitte.usage.schemas import ClosedCalls

USAGE_CALLS = Counter("vitte_usage_calls", "Calls to models that are over.", ["kind", "model", "outcome"])
USAGE_TOKENS = Counter("vitte_usage_tokens", "Tokens of these calls.", ["kind", "model", "direction"])
USAGE_COST = Counter("vitte_usage_cost_dollars", "US dollars of these calls.", ["kind", "model"])
LIMITS_REACHED = Counter("vitte_limits_reached", "Calls that a limit did not admit.", ["limit"])


def count_closed(closed: ClosedCalls) -> None:
    """Count calls that are over."""
    USAGE_CALLS.labels(closed.kind, closed.model, closed.outcome).inc(closed.count)
    USAGE_TOKENS.labels(closed.kind, closed.model, "prompt").inc(closed.prompt_tokens)
    USAGE_TOKENS.labels(closed.kind, closed.model, "completion").inc(closed.completion_tokens)
    USAGE_COST.labels(closed.kind, closed.model).inc(closed.cost / MICRO)
