"""What a cache is to those who use it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

Value = TypeVar("Value")
Load = Callable[[], Awaitable[Value | None]]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of entry: its name in keys, metrics and settings (`VITTE_CACHE__<NAME>_TTL`)."""

    name: str

    def entry(self, key: object) -> str:
        """Return the name that the entry of `key` has in Redis."""
        return f"vitte:cache:{self.name}:{key}"


PROFILE = Kind("profile")
"""What an update needs to know of a person, by Telegram id."""
CATALOGUE = Kind("catalogue")
"""The personas and models on offer, all in one entry."""


class Invalidator(Protocol):
    """The half of a cache that writers need. Those who decide about money may know this one and no more."""

    async def invalidate(self, kind: Kind, *keys: object) -> None:
        """Let nobody read these entries any more. Belongs into `Transaction.on_commit`, and nowhere else.

        Earlier, and somebody reads the old state from PostgreSQL and puts it back. Raises nothing: while
        Redis is away the entries are remembered here, and deleted as soon as it is back.
        """
        ...


class Cache(Invalidator, Protocol):
    """Remembers what was loaded."""

    async def read(self, kind: Kind, shape: type[Value], key: object, load: Load[Value]) -> Value | None:
        """Return the entry, or what `load` returns; None is an entry too, for a short time.

        `shape` is a frozen dataclass. Raises what `load` raises, and nothing of its own.
        """
        ...


class NoCache:
    """No cache at all: PostgreSQL answers every time."""

    async def read(self, kind: Kind, shape: type[Value], key: object, load: Load[Value]) -> Value | None:  # noqa: ARG002 - as the protocol has it
        """Load it."""
        return await load()

    async def invalidate(self, kind: Kind, *keys: object) -> None:
        """Do nothing: nothing is kept."""
