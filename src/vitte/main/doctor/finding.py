"""What a check comes to."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

from vitte.core.settings import Settings


class Verdict(StrEnum):
    """How it is."""

    OK = "ok"
    DOUBTFUL = "doubtful"
    """It works, and will not for long, or not for all."""
    WRONG = "wrong"
    UNUSED = "unused"
    """The settings do without it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found, and what to do about it."""

    verdict: Verdict
    what: str
    cure: str = ""


Check = Callable[[Settings], Awaitable[Finding]]


def ok(what: str) -> Finding:
    """All is well."""
    return Finding(Verdict.OK, what)


def doubtful(what: str, cure: str) -> Finding:
    """It works, but."""
    return Finding(Verdict.DOUBTFUL, what, cure)


def wrong(what: str, cure: str) -> Finding:
    """It does not work."""
    return Finding(Verdict.WRONG, what, cure)


def unused(what: str) -> Finding:
    """There is nothing to check."""
    return Finding(Verdict.UNUSED, what)
