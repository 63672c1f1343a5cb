"""Where the worker's processes count."""

from billiard.process import current_process


def place_in_pool() -> str:
    """Return the number of this process in the pool; whoever replaces it has the same."""
    place = getattr(current_process(), "index", None)
    return "parent" if place is None else str(place)
