"""Long dialogs in short, so that a model still knows how they began."""

from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from vitte.clients.llm.protocol import ChatMessage, LlmError
from vitte.core.settings.outside import AssistantSettings, LlmSettings
from vitte.core.tokens import head_of
from vitte.db.transaction import Transaction
from vitte.dialogs.metrics import SUMMARIES
from vitte.dialogs.repository import DialogRepository
from vitte.dialogs.schemas import Spoken
from vitte.usage.background import BackgroundModel
from vitte.usage.errors import LimitReachedError

logger = structlog.get_logger(__name__)

MAX_TOKENS = 400
"""Longest summary, in the model's tokens."""
_ROUND_TOKENS = 3000
"""What is put into one call beside the summary so far, unless the model takes less."""
_OTHER_TOKENS = 3 * MAX_TOKENS
"""What a call has besides: instruction, the summary so far (which may be twice too long), and the new one."""
_MAX_MESSAGES = 200
"""What is read at a time: twice what can be kept at most, or nothing might be found beside that."""
_INSTRUCTION = (
    "You keep the notes of a conversation between a person and an assistant. Below are the notes so far and "
    "what was said since. Write the new notes: facts, names, numbers, decisions, wishes, open questions; no "
    "comments. At most 200 words, in the language of the conversation. Answer with the notes alone."
)


@dataclass(frozen=True, slots=True)
class _Round:
    """What is put into one call; it is full when it has no room for all that is to be summarised."""

    said: Sequence[Spoken]
    is_full: bool


class SummaryService:
    """Puts the beginning of a long dialog into a few words."""

    def __init__(
        self,
        transaction: Transaction,
        dialogs: DialogRepository,
        model: BackgroundModel,
        settings: LlmSettings,
        assistant: AssistantSettings,
    ) -> None:
        self._transaction = transaction
        self._round = max(MAX_TOKENS, min(_ROUND_TOKENS, settings.context_window - _OTHER_TOKENS))
        # Half of what a model is shown: the other half is for what is said until the next summary is due.
        # Rounded up, so that of three the newest question and its answer stay.
        self._keep_messages = (assistant.context_messages + 1) // 2
        self._dialogs = dialogs
        self._model = model

    async def summarise(self, dialog_id: int, *, user_id: int, keep_tokens: int) -> None:
        """Bring the dialog's summary up to all but its newest messages.

        `keep_tokens` of them stay as they are, and half as many messages as a model is shown at most: what
        is not in the summary has to have room in its context, by either limit.

        `user_id` is for whom it is done, and whose plan pays.

        What was summarised is not deleted, and is only not shown to models any more. What is said while a
        model writes is left to the next summary, which is worth its call. Begun twice, one of the two is in
        vain. Raises LlmError when the model does not answer: the job is then tried again.
        """
        while True:
            async with self._transaction:
                state = await self._dialogs.summary(dialog_id)
                if state is None:
                    return
                said = await self._dialogs.since(dialog_id, state.until, limit=_MAX_MESSAGES)
            chosen = _next_round(
                said,
                keep_tokens=keep_tokens,
                keep_messages=self._keep_messages,
                round_tokens=self._round,
            )
            if not chosen.said:
                return
            try:
                summary = await self._ask(state.summary, chosen.said, user_id)
            except LlmError as error:
                SUMMARIES.labels(error.code).inc()
                raise
            except LimitReachedError as error:
                # Nor can anything be asked until it renews, and what is asked then orders this anew.
                SUMMARIES.labels(error.code).inc()
                return
            async with self._transaction:
                is_kept = await self._dialogs.set_summary(
                    dialog_id, summary, until=chosen.said[-1].id, instead_of=state.until
                )
            SUMMARIES.labels("made" if is_kept else "overtaken").inc()
            logger.info("dialog_summarised", dialog_id=dialog_id, messages=len(chosen.said), is_kept=is_kept)
            if not (is_kept and chosen.is_full):
                return

    async def _ask(self, summary: str | None, said: Sequence[Spoken], user_id: int) -> str:
        quoted = "\n\n".join(f"{one.role}: {head_of(one.text, self._round // 2)}" for one in said)
        asked = [
            ChatMessage("system", _INSTRUCTION),
            ChatMessage("user", f"Notes so far:\n{summary or '(none)'}\n\nSaid since:\n{quoted}"),
        ]
        text = await self._model.ask(asked, user_id=user_id, kind="summary", max_tokens=MAX_TOKENS)
        if not text.strip():
            raise LlmError("the summary is empty")
        # A model may go on and on, and what it says here is shown with every question to come.
        return head_of(text.strip(), 2 * MAX_TOKENS)


def _next_round(said: Sequence[Spoken], *, keep_tokens: int, keep_messages: int, round_tokens: int) -> _Round:
    """Return the oldest messages beside the newest that are kept, as far as one call takes them.

    Kept are at most `keep_messages`, which is more than none, with `keep_tokens` at most, or twice as many
    of the newest question and its answer alone.
    Of a message that is longer than half of it the beginning counts. At least one question and its answer,
    and no question without its answer.
    """
    room, kept = keep_tokens, 0
    for one in reversed(said[-keep_messages:]):
        room -= one.tokens
        if room < 0:
            break
        kept += 1
    if kept and said[-kept].role == "assistant":
        kept -= 1  # its question does not stay
    if not kept and keep_messages > 1 and sum(one.tokens for one in said[-2:]) <= 2 * keep_tokens:
        # What was just said is what the next question is about.
        kept = min(2, len(said))
    tokens = end = 0
    for index, one in enumerate(said[: len(said) - kept]):
        tokens += min(one.tokens, round_tokens // 2)
        if end and tokens > round_tokens:
            break
        if one.role == "assistant":
            end = index + 1
    return _Round(said[:end], is_full=end < len(said) - kept or len(said) == _MAX_MESSAGES)
