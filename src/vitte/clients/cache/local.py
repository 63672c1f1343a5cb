"""Entries that a process has just seen."""

from typing import Any, NamedTuple

_KEEP = 10_000


class LocalEntry(NamedTuple):
    """A value, and until when it may be used."""

    value: Any
    until: float


class LocalEntries:
    """A few thousand entries for a fraction of a second each, so that a burst of one chat costs one read.

    An entry counts from before it was asked for: whatever another process changes is seen `ttl` seconds after
    its invalidation at the latest.
    """

    def __init__(self, ttl: float) -> None:
        self._ttl = ttl
        self._entries: dict[str, LocalEntry] = {}

    def get(self, name: str, *, now: float) -> LocalEntry | None:
        """Return the entry if it may still be used."""
        entry = self._entries.get(name)
        return entry if entry is not None and now < entry.until else None

    def put(self, name: str, value: Any, *, asked_at: float, now: float) -> None:
        """Keep what was asked for at `asked_at`, and let go of what is over."""
        self._entries.pop(name, None)
        if not self._ttl:
            return
        # Entries are in the order in which they came, which is nearly that in which they end.
        while self._entries:
            oldest = next(iter(self._entries))
            if len(self._entries) < _KEEP and now < self._entries[oldest].until:
                break
            del self._entries[oldest]
        self._entries[name] = LocalEntry(value, asked_at + self._ttl)

    def drop(self, name: str) -> None:
        """Forget the entry."""
        self._entries.pop(name, None)
