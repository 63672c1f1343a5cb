"""What was done a moment ago, and need not be done again yet."""

import time
from collections.abc import Callable, Hashable


class Recently:
    """Remembers keys for some seconds, in the memory of this process: others may do the same again."""

    def __init__(self, seconds: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._until: dict[Hashable, float] = {}

    def begin(self, key: Hashable) -> bool:
        """Begin with a key, unless that was done within these seconds; tell whether."""
        now = self._clock()
        # In the order in which they end: each is put there for the same time.
        while self._until and self._until[first := next(iter(self._until))] <= now:
            del self._until[first]
        if key in self._until:
            return False
        self._until[key] = now + self._seconds
        return True
