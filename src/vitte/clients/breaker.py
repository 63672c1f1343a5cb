"""Leaving a server alone that does not answer, instead of waiting for it at every call."""

import time
from collections.abc import Callable


class Breaker:
    """Opens after `failures` in a row and lets nobody ask for `retry_after` seconds.

    After that one failure is enough. Before, a single one may be our own doing, such as a loop that was busy
    for a moment.
    """

    def __init__(
        self, *, retry_after: float, failures: int = 3, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._retry_after = retry_after
        self._allowed = failures
        self._clock = clock
        self._failures = 0
        self._open_until = 0.0
        self.is_away = False
        """Whether the server has not answered since the breaker opened."""

    def is_open(self) -> bool:
        """Tell whether the server is not to be asked now."""
        return self.is_away and self._clock() < self._open_until

    def admits(self) -> bool:
        """Tell whether this one call may ask: all as long as the server answers, then one in each pause."""
        if self.is_open():
            return False
        if self.is_away:
            # Whoever comes next waits for what becomes of this one, or for another pause if nothing does.
            self._open_until = self._clock() + self._retry_after
        return True

    def note_failure(self) -> bool:
        """Count a failure; tell whether the server counts as away only from now on."""
        self._failures += 1
        if not self.is_away and self._failures < self._allowed:
            return False
        was_away, self.is_away = self.is_away, True
        self._open_until = self._clock() + self._retry_after
        return not was_away

    def note_success(self) -> bool:
        """Count an answer; tell whether the server is back only from now on."""
        self._failures = 0
        was_away, self.is_away = self.is_away, False
        return was_away
