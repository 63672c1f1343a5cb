"""What a turn of a conversation is made of."""

from dataclasses import dataclass
from typing import Protocol

from vitte.clients.llm.protocol import ChatMessage
from vitte.core.errors import VitteError


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a person wrote. `telegram_message_id` tells a question that comes in again from a new one."""

    text: str
    telegram_message_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAnswer:
    """An answer that was made before; `is_sent` tells whether the person has it."""

    id: int
    text: str
    is_sent: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question and who asks it."""

    user_id: int
    question: Question


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A stored question with what was said before it and itself, oldest message first."""

    dialog_id: int
    question_id: int
    context: list[ChatMessage]
    answer: StoredAnswer | None
    """The one that it has already; the context is then only the question."""
    is_stopped: bool
    """Whether the person has said already that they want no answer."""

    @property
    def is_first(self) -> bool:
        """Whether nothing was said before that got an answer."""
        return len(self.context) == 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a model, by its name, has said in a turn."""

    turn: Turn
    text: str
    model: str


class Reply(Protocol):
    """Where an answer goes. The messenger is the outside world."""

    def draft(self, text: str) -> None:
        """Show the answer so far. Returns at once; older drafts that were not shown yet are dropped."""
        ...

    async def send(self, text: str, *, cut_by: VitteError | None) -> int:
        """Send the final text, which replaces the draft, and return its message's id.

        `cut_by` is why the answer ends before its end, when it does: the person is to be told.
        """
        ...
