"""What other rooms know of dialogs."""

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
