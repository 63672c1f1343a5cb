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
        is_new = not self.has(key)
        if is_new:
            self.note(key, since=self._clock())
        return is_new

    def has(self, key: Hashable) -> bool:
        """Tell whether the key was noted within these seconds."""
        now = self._clock()
        # In the order in which they end: each is put there for the same time.
        while self._until and self._until[first := next(iter(self._until))] <= now:
            del self._until[first]
        return key in self._until

    def note(self, key: Hashable, *, since: float) -> None:
        """Remember a key from this time of the clock's on."""
        self._until[key] = since + self._seconds
