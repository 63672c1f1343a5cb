"""What Redis may remember of what PostgreSQL knows, and for how long."""

from typing import Annotated

from pydantic import BaseModel, Field

from vitte.core.settings.backends import Seconds

# What another process changed is seen a second later at the latest: this, and the way of the invalidation.
_Fraction = Annotated[float, Field(ge=0, le=0.9)]


class CacheSettings(BaseModel):
    """The cache of what PostgreSQL knows; nothing breaks without it."""

    enabled: bool = Field(default=True, description="Without it PostgreSQL is asked every time.")
    profile_ttl: Seconds = Field(
        300, description="Seconds that a person's profile, plan and settings may be kept."
    )
    catalogue_ttl: Seconds = Field(
        3600, description="Seconds that the personas and models on offer may be kept."
    )
    catalogue_local_ttl: float = Field(
        5,
        ge=0,
        le=60,
        description="Seconds that a process uses the personas and models again without asking Redis: so much "
        "later all see what the owner has changed.",
    )
    negative_ttl: Seconds = Field(15, description="Seconds to remember that something does not exist.")
    local_ttl: _Fraction = Field(
        0.5, description="Seconds that a process uses an entry again without asking Redis; 0: never."
    )
    timeout: Seconds = Field(0.1, description="Seconds to wait for Redis before PostgreSQL is asked.")
    retry: Seconds = Field(5, description="Seconds without Redis after it failed three times in a row.")

    def ttl_of(self, kind: str) -> float:
        """Return how many seconds an entry of this kind may be kept."""
        ttl: float = getattr(self, f"{kind}_ttl")
        return ttl

    def local_ttl_of(self, kind: str) -> float:
        """Return how many seconds a process uses an entry of this kind without asking Redis."""
        ttl: float = getattr(self, f"{kind}_local_ttl", self.local_ttl)
        return ttl
