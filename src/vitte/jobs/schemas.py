"""Jobs on their way."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedJob:
    """A job that this process may do until its lease ends. `attempt` counts from 1."""

    id: int
    name: str
    args: dict[str, Any]
    correlation_id: str | None
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadJob:
    """A job that was given up."""

    id: int
    name: str
    correlation_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """What is open: how many jobs, and how many seconds the oldest one that may run has waited."""

    open: int
    oldest: float
