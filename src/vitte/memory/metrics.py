"""What memory counts."""

from prometheus_client import Counter

RECALLS = Counter(
    "vitte_recalls", "Looks for what is known of a person, by the way that facts were chosen.", ["way"]
)
FACTS = Counter("vitte_facts", "Facts about people by what became of them.", ["change"])
LESSONS = Counter("vitte_lessons", "Looks at what was said for facts, by how they ended.", ["outcome"])
