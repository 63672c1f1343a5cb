"""Long dialogs in short, so that a model still knows how they began."""

from collections.abc import Sequence

import structlog

from vitte.clients.llm.protocol import ChatMessage, ChatModel, LlmError
from vitte.core.tokens import head_of
from vitte.db.transaction import Transaction
from vitte.dialogs.metrics import SUMMARIES
from vitte.dialogs.repository import DialogRepository
from vitte.dialogs.schemas import Spoken

logger = structlog.get_logger(__name__)

MAX_TOKENS = 400
"""Longest summary, in the model's tokens."""
_ROUND_TOKENS = 3000
"""What is put into one call beside the summary so far: a model of 4,096 tokens can take it."""
_MESSAGE_TOKENS = _ROUND_TOKENS // 2
"""Of a longer message the beginning is summarised."""
_MAX_MESSAGES = 200
_INSTRUCTION = (
    "You keep the notes of a conversation between a person and an assistant. Below are the notes so far and "
    "what was said since. Write the new notes: facts, names, numbers, decisions, wishes, open questions; no "
    "comments. At most 200 words, in the language of the conversation. Answer with the notes alone."
)


class SummaryService:
    """Puts the beginning of a long dialog into a few words."""

    def __init__(self, transaction: Transaction, dialogs: DialogRepository, model: ChatModel) -> None:
        self._transaction = transaction
        self._dialogs = dialogs
        self._model = model

    async def summarise(self, dialog_id: int, *, keep_tokens: int) -> None:
        """Bring the dialog's summary up to all but its newest messages: `keep_tokens` stay as they are.

        What was summarised is not deleted, and is only not shown to models any more. Begun twice, one of the
        two is in vain. Raises LlmError when the model does not answer: the job is then tried again.
        """
        while True:
            async with self._transaction:
                state = await self._dialogs.summary(dialog_id)
                if state is None:
                    return
                said = await self._dialogs.since(dialog_id, state.until, limit=_MAX_MESSAGES)
            chosen = _next_round(said, keep_tokens)
            if not chosen:
                return
            try:
                summary = await self._ask(state.summary, chosen)
            except LlmError as error:
                SUMMARIES.labels(error.code).inc()
                raise
            async with self._transaction:
                is_kept = await self._dialogs.set_summary(
                    dialog_id, summary, until=chosen[-1].id, instead_of=state.until
                )
            SUMMARIES.labels("made" if is_kept else "overtaken").inc()
            logger.info("dialog_summarised", dialog_id=dialog_id, messages=len(chosen), is_kept=is_kept)
            if not is_kept:
                return

    async def _ask(self, summary: str | None, said: Sequence[Spoken]) -> str:
        quoted = "\n\n".join(f"{one.role}: {head_of(one.text, _MESSAGE_TOKENS)}" for one in said)
        asked = [
            ChatMessage("system", _INSTRUCTION),
            ChatMessage("user", f"Notes so far:\n{summary or '(none)'}\n\nSaid since:\n{quoted}"),
        ]
        text = "".join([chunk.text async for chunk in self._model.stream(asked, max_tokens=MAX_TOKENS)])
        if not text.strip():
            raise LlmError("the summary is empty")
        # A model may go on and on, and what it says here is shown with every question to come.
        return head_of(text.strip(), 2 * MAX_TOKENS)


def _next_round(said: Sequence[Spoken], keep_tokens: int) -> Sequence[Spoken]:
    """Return the oldest messages beside the newest `keep_tokens`, as far as one call takes them.

    At least one question and its answer, and no question without its answer.
    """
    room, kept = keep_tokens, 0
    for one in reversed(said):
        room -= one.tokens
        if room < 0:
            break
        kept += 1
    if kept and said[-kept].role == "assistant":
        kept -= 1  # its question does not stay
    tokens = end = 0
    for index, one in enumerate(said[: len(said) - kept]):
        tokens += min(one.tokens, _MESSAGE_TOKENS)
        if end and tokens > _ROUND_TOKENS:
            break
        if one.role == "assistant":
            end = index + 1
    return said[:end]
