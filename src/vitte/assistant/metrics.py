"""What the assistant counts; what a model took is counted where it is called."""

from prometheus_client import Counter

ANSWERS = Counter("vitte_answers", "Answers by how they ended.", ["outcome"])
SPOKEN = Counter("vitte_answers_spoken", "Answers read aloud, by outcome.", ["outcome"])
