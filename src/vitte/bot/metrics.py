"""What the bot counts."""

from prometheus_client import Counter

DRAFTS = Counter("vitte_drafts", "Drafts of streaming answers by how sending them ended.", ["outcome"])
POLLS = Counter("vitte_polls", "Long polls by how they ended.", ["outcome"])
