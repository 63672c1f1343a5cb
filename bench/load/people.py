"""What people do: who writes what, and when. Decided before the run, so that two runs can be the same."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What somebody writes."""

    QUESTION = "question"
    START = "/start"
    HELP = "/help"
    STATUS = "/status"
    STOP = "/stop"


@dataclass(frozen=True, slots=True)
class Planned:
    """A message to be written `due` seconds after the run began, by the person of this index."""

    due: float
    person: int
    kind: Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """How people write. Times are in seconds."""

    people: int = 5_000
    seconds: float = 600.0
    """How long they go on beginning things."""
    pause: float = 240.0
    """From one thing that a person begins to the next: each time between a half and one and a half of it."""
    new: float = 0.05
    """Share of people whom the bot has never seen; they begin with /start."""
    seed: int = 1

    @property
    def newcomers(self) -> int:
        """How many people are new; they are the last ones."""
        return round(self.people * self.new)


# What a person begins at a time, and how often. A question is followed by others, or not waited for.
_BEGUN: dict[tuple[Kind, ...], float] = {
    (Kind.QUESTION,): 0.45,
    (Kind.QUESTION, Kind.QUESTION): 0.18,
    (Kind.QUESTION, Kind.QUESTION, Kind.QUESTION): 0.10,
    (Kind.QUESTION, Kind.STOP): 0.04,
    (Kind.QUESTION, Kind.STOP, Kind.QUESTION): 0.02,
    (Kind.HELP,): 0.05,
    (Kind.HELP, Kind.QUESTION): 0.03,
    (Kind.STATUS,): 0.07,
    (Kind.START,): 0.03,
    (Kind.START, Kind.QUESTION): 0.02,
    (Kind.STOP,): 0.01,
}
_TYPING = (0.7, 3.0)
"""Seconds between two messages of a burst."""
MEAN_BURST = sum(len(kinds) * share for kinds, share in _BEGUN.items())
"""Messages that a person writes at a time."""


def plan(habits: Habits) -> list[Planned]:
    """Return all that is written, in order."""
    chance = random.Random(habits.seed)  # noqa: S311 - plays people, guards nothing
    written = [
        message
        for person in range(habits.people)
        for message in _of_one(person, habits=habits, chance=chance)
    ]
    return sorted(written, key=lambda message: message.due)


def _of_one(person: int, *, habits: Habits, chance: random.Random) -> Iterator[Planned]:
    # Everybody begins within the first pause: so the rate is the same from the first second on.
    at = chance.uniform(0.0, habits.pause)
    if person >= habits.people - habits.newcomers and at < habits.seconds:
        yield Planned(at, person, Kind.START)
        at += chance.uniform(*_TYPING)
    while at < habits.seconds:
        begun = at
        for kind in chance.choices(list(_BEGUN), weights=list(_BEGUN.values()))[0]:
            yield Planned(at, person, kind)
            at += chance.uniform(*_TYPING)
        at = max(at, begun + habits.pause * chance.uniform(0.5, 1.5))


def text_of(kind: Kind, number: int) -> str:
    """Return the words of a message; those of a question hold its number, which the model repeats."""
    if kind is not Kind.QUESTION:
        return str(kind)
    return f"q{number} what would you say about this, and why do people think otherwise?"
