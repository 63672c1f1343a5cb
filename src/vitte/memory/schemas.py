"""What memory is made of."""

from collections.abc import Sequence
from dataclasses import dataclass

MAX_FACT = 512
"""Longest fact, in characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """Something that is known of a person, in a sentence."""

    id: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a first look finds of a person: the newest facts that there is room for, and the number of all.

    `has_vectors` tells whether facts could be looked for by their meaning.
    """

    newest: Sequence[Fact]
    count: int
    has_vectors: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """A question as a vector, and the person whose facts are to be near it."""

    user_id: int
    vector: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A message of a person's dialogs."""

    id: int
    is_by_person: bool
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Notebook:
    """What is to be learned from: what was said since the last time, oldest first, and what is known."""

    learned_until: int
    """Id of the last message that was looked at; 0: none was."""
    said: Sequence[Said]
    facts: Sequence[Fact]
    has_vectors: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """What a model makes of it: sentences to keep, and ids of facts that do not hold any more.

    `secrets` counts the sentences that were left out because they hold what nobody should keep.
    """

    remember: Sequence[str] = ()
    forget: Sequence[int] = ()
    secrets: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryPage:
    """A page of what is known of a person, newest first; pages and facts are counted from 1."""

    facts: Sequence[Fact]
    number: int
    pages: int
    first: int
    count: int
    is_on: bool
