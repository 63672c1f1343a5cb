"""A turn of the conversation: store the question, stream the answer, store it, send it."""

import time

import structlog

from vitte.assistant.context import Frame, compose
from vitte.assistant.metrics import ANSWERS
from vitte.assistant.running import AnswerStoppedError, RunningAnswer, RunningAnswers
from vitte.assistant.schemas import Answer, Asked, Question, Reply, Turn
from vitte.assistant.turns import TurnStore
from vitte.clients.llm.protocol import ChatModel, LlmError, LlmInterruptedError
from vitte.core.errors import VitteError
from vitte.core.job_names import TITLE_DIALOG
from vitte.core.settings.outside import AssistantSettings
from vitte.db.outages import outlast

logger = structlog.get_logger(__name__)


class AssistantService:
    """Answers people. No connection to the database is held while the model is thinking."""

    def __init__(
        self, turns: TurnStore, running: RunningAnswers, model: ChatModel, settings: AssistantSettings
    ) -> None:
        self._turns = turns
        self._running = running
        self._model = model
        self._settings = settings

    async def answer(self, user_id: int, question: Question, reply: Reply) -> None:
        """Answer the question through `reply`, as far as the person wants it.

        May be repeated after a crash: what is stored is not stored again, an answer that exists is not
        asked for again, one that was sent is not sent again, and one that was stopped stays so. Raises
        LlmError or AnswerStoppedError when there is nothing to send; the question is kept.
        """
        # Within reach before anything is read: a stop is either read of now or heard of later.
        with self._running.begin(user_id, question.telegram_message_id) as running:
            turn = await self._turns.begin(Asked(user_id=user_id, question=question))
            if turn.is_stopped:
                running.stop()
            await self._give(turn, reply, running)

    async def _give(self, turn: Turn, reply: Reply, running: RunningAnswer) -> None:
        answer = turn.answer
        cut_by: VitteError | None = None
        if answer is not None and answer.is_sent:
            return
        if answer is not None:
            answer_id, content = answer.id, answer.text
        else:
            content, cut_by, model = await self._stream(turn, reply, running)
            orders = ((TITLE_DIALOG, {"dialog_id": turn.dialog_id}),) if turn.is_first else ()
            made = Answer(turn=turn, text=content, model=model, orders=orders)
            answer_id = await outlast(lambda: self._turns.save_answer(made))
        message_id = await reply.send(content, cut_by=cut_by)
        await outlast(lambda: self._turns.mark_sent(answer_id, message_id))

    async def _stream(
        self, turn: Turn, reply: Reply, running: RunningAnswer
    ) -> tuple[str, VitteError | None, str]:
        """Show the answer as it grows.

        Returns it, what cut it short if it did not end by itself, and the name of the model that gave it.
        """
        started = time.monotonic()
        content, model = "", self._model.name
        context = compose(turn, Frame(system_prompt=self._settings.system_prompt))
        try:
            async with running.until_stopped():
                async for chunk in self._model.stream(context):
                    model = chunk.model or model
                    if chunk.text:
                        content += chunk.text
                        reply.draft(content)
            if not content.strip():
                raise LlmInterruptedError("the answer is empty")
        except (LlmError, AnswerStoppedError) as error:
            _note_early_end(error, seconds=time.monotonic() - started, characters=len(content))
            if not content.strip():
                raise
            return content, error, model
        ANSWERS.labels(outcome="complete").inc()
        logger.info("answer_complete", seconds=round(time.monotonic() - started, 3), characters=len(content))
        return content, None, model


def _note_early_end(error: LlmError | AnswerStoppedError, *, seconds: float, characters: int) -> None:
    ANSWERS.labels(outcome=error.code).inc()
    if isinstance(error, AnswerStoppedError):
        logger.info("answer_stopped", seconds=round(seconds, 3), characters=characters)
    else:
        logger.warning("answer_failed", code=error.code, reason=str(error), characters=characters)
