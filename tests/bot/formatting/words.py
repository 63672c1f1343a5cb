"""Words that nothing else in a text looks like, and how to find them again."""

import re

WORDS = tuple(f"{stem}{number}x" for stem in ("word", "слово", "λέξη") for number in range(40, 70))
_WORD = re.compile(r"(?:word|слово|λέξη)\d\dx")


def words_of(text: str) -> list[str]:
    """Return the words in a text, sorted."""
    return sorted(_WORD.findall(text))
