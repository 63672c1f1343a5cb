"""What a model is shown: who it is, what it knows, what was said, and the question."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from vitte.assistant.schemas import Said, Turn
from vitte.clients.llm.protocol import ChatMessage, Image
from vitte.core.errors import VitteError
from vitte.core.tokens import IMAGE_TOKENS, count_tokens

_SUMMARY = "What was said in this conversation before, in short:\n"
_IS_CUT = (
    "The beginning of this conversation is not shown to you, for it is too long. "
    "If the question needs it, say that you cannot see that far back, and ask."
)
_LEAST = 256
"""Tokens of context that are left to question and answer however much else there is."""


class QuestionTooLongError(VitteError):
    """The question alone is more than the model can take in."""

    code = "question_too_long"
    status = 413
    text_key = "error-question-too-long"


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What a model is told besides what was said.

    `notes` are paragraphs, such as what a persona is and what is remembered of a person.
    """

    system_prompt: str
    notes: Sequence[str] = ()

    def with_note(self, note: str) -> "Frame":
        """Return it with one more paragraph, if there is one."""
        return replace(self, notes=(*self.notes, note)) if note else self

    @property
    def tokens(self) -> int:
        """What it takes of a model's context, by estimate."""
        return sum(count_tokens(part) for part in (self.system_prompt, *self.notes))


def budget(*, window: int, max_tokens: int, kept_free: int) -> int:
    """Return how many tokens of a model's `window` are there for what was said.

    The answer needs `max_tokens` of it, and all that is told besides `kept_free`.
    """
    return max(_LEAST, window - min(max_tokens, window // 2) - kept_free)


def shortened(turn: Turn, room: int) -> Turn:
    """Return the turn without the oldest of what was said, as far as that has no room; the question stays."""
    first = 0
    taken = sum(_tokens(said) for said in turn.context)
    while taken > room and first < len(turn.context) - 1:
        taken -= _tokens(turn.context[first])
        first += 1
    return replace(turn, context=turn.context[first:], is_cut=True) if first else turn


def _tokens(said: Said) -> int:
    return count_tokens(said.text) + IMAGE_TOKENS * len(said.images)


def compose(turn: Turn, frame: Frame, images: Mapping[str, Image] | None = None) -> list[ChatMessage]:
    """Return the messages for a model. Pictures that are not among `images`, by their id, are only named."""
    parts = [frame.system_prompt, *frame.notes]
    if turn.summary:
        parts.append(_SUMMARY + turn.summary)
    if turn.is_cut:
        parts.append(_IS_CUT)
    system = ChatMessage("system", "\n\n".join(part for part in parts if part))
    return [system, *(_message(said, images or {}) for said in turn.context)]


def _message(said: Said, images: Mapping[str, Image]) -> ChatMessage:
    shown = tuple(images[one.file_id] for one in said.images if one.file_id in images)
    content = said.text
    if len(shown) < len(said.images):
        content = f"[picture]\n{content}".strip()
    if said.author is not None:
        content = f"{said.author}: {content}"
    return ChatMessage(said.role, content, images=shown)
