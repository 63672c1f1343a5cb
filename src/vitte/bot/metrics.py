"""What the bot counts."""

from prometheus_client import Counter

DRAFTS = Counter("vitte_drafts", "Drafts of streaming answers by how sending them ended.", ["outcome"])
PLAIN_FALLBACKS = Counter(
    "vitte_plain_fallbacks",
    "Answers that went out as plain text because formatting them failed, by where.",
    ["at"],
)
POLLS = Counter("vitte_polls", "Long polls by how they ended.", ["outcome"])
