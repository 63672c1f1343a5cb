"""Dialogs as their people and other rooms see them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """A message of a dialog, by its id. `tokens` is what it takes of a model's context, by estimate."""

    id: int
    role: str
    text: str
    tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryState:
    """How far a dialog is summarised: up to the message with the id `until`, which is 0 at the beginning."""

    summary: str | None
    until: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DialogEntry:
    """A dialog of a person's.

    `title` is its first words while it has no name; None: nothing was said in it.
    """

    id: int
    title: str | None
    is_current: bool
    persona: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DialogPage:
    """A part of a person's dialogs, newest first. `number` counts from 0; there is always one page."""

    entries: tuple[DialogEntry, ...]
    number: int
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentDialog:
    """The dialog that a person's questions go to. It is empty when nothing was ever said in it."""

    id: int
    persona: str | None
    is_empty: bool
