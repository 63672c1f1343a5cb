"""What is kept of a turn of the conversation, written for many people at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from vitte.assistant.places import Place
from vitte.assistant.repository import SENT, TurnRepository
from vitte.assistant.revisions import RevisionRepository
from vitte.assistant.running import AnswerStoppedError
from vitte.assistant.schemas import Answer, Asked, Edited, Question, StoredQuestion, TakenBack, Turn
from vitte.clients.jobs import JobQueue
from vitte.core.ids import current_correlation_id
from vitte.core.recently import Recently
from vitte.core.settings.outside import AssistantSettings
from vitte.db.batching import Batcher
from vitte.db.engine import SessionFactory
from vitte.db.outages import is_away
from vitte.db.riders import Effect, may_wait, write
from vitte.db.transaction import Transaction
from vitte.jobs.repository import JobRepository
from vitte.jobs.service import JobService
from vitte.memory.service import MemoryService
from vitte.usage.ledger import UsageLedger, count_settled, tell

_TRIES = 3
"""How often to begin a turn that another process is beginning too: the second look finds what that stored."""

_SUMMARISE_AGAIN_AFTER = 600.0
"""Seconds for which a summary that was ordered counts as on its way."""


@dataclass(frozen=True, slots=True)
class _Made:
    """An answer to be stored, and the update that it belongs to."""

    answer: Answer
    correlation_id: str | None


@dataclass(frozen=True, slots=True)
class _Stored:
    """What became of an answer, None if its question has no place for it, and of what it took."""

    answer_id: int | None
    is_settled: bool


class TurnStore:
    """Stores questions and answers.

    Lives as long as its process and is used by many tasks at once: what comes up while PostgreSQL is busy
    with an earlier write shares the next one. Each call returns when its own part is committed.
    """

    def __init__(
        self,
        session_factory: SessionFactory,
        queue: JobQueue,
        memory: MemoryService,
        ledger: UsageLedger,
        settings: AssistantSettings,
    ) -> None:
        self._session_factory = session_factory
        self._memory = memory
        self._ledger = ledger
        self._queue = queue
        self._settings = settings
        self._beginnings: Batcher[Asked, Turn | None] = Batcher(self._begin)
        self._answers: Batcher[_Made, _Stored] = Batcher(
            self._save, key=lambda made: made.answer.turn.question_id
        )
        self._endings: Batcher[Effect, None] = Batcher(self._mark_sent)
        self._summaries = Recently(_SUMMARISE_AGAIN_AFTER)

    async def begin(self, asked: Asked) -> Turn:
        """Store the question, unless it is stored, and return what an answer to it needs."""
        for _ in range(_TRIES):
            turn = await self._beginnings.add(asked)
            if turn is not None:
                return turn
        raise RuntimeError("the question was neither stored nor there")

    async def save_answer(self, answer: Answer) -> int:
        """Store an answer that is not sent yet, and return its id; the same one twice is stored once.

        Its orders become jobs with it, and what its call took is settled, whatever becomes of the answer.
        Raises AnswerStoppedError when its dialog was deleted meanwhile, and RuntimeError when the question
        has another answer.
        """
        try:
            stored = await self._answers.add(_Made(answer, current_correlation_id()))
        except Exception as error:
            if answer.used is not None and not is_away(error):
                await self._ledger.settle(answer.used)
            raise
        if answer.used is not None:
            tell(answer.used, is_settled=stored.is_settled)
        if stored.answer_id is not None:
            return stored.answer_id
        transaction = Transaction(self._session_factory)
        async with transaction:
            if not await RevisionRepository(transaction).question_exists(answer.turn.question_id):
                raise AnswerStoppedError
        raise RuntimeError("the question has got another answer meanwhile")

    def wants_summary(self, turn: Turn) -> bool:
        """Tell whether a summary of a long dialog is to be ordered now: the last that was ordered is done.

        Until it is, each answer finds that the dialog is too long. Whatever became of it, another is ordered
        after some minutes.
        """
        return self._summaries.begin((turn.dialog_id, hash(turn.summary)))

    async def find(self, user_id: int, message_id: int, place: Place | None) -> StoredQuestion | None:
        """Return the question of the present dialog that was asked by this message, if it is stored."""
        transaction = Transaction(self._session_factory)
        async with transaction.single():
            return await RevisionRepository(transaction).find(user_id, message_id, place)

    async def edit(self, edited: Edited) -> Question | None:
        """Take a changed question in place of the old one, and take its answer back; return what it is now.

        Only the newest question of a dialog can be changed; None of any other, and of one that is as it was.
        Doing it again is harmless: an edit has a time.
        """
        transaction = Transaction(self._session_factory)
        async with transaction:
            return await RevisionRepository(transaction).edit(edited)

    async def take_back(
        self, user_id: int, question_message_id: int, answer_message_id: int
    ) -> TakenBack | None:
        """Take back the answer that was sent as this message, and return its question, to be asked again.

        Only the newest answer of a dialog can be taken back; None when it is not that any more. Doing it
        again is harmless: the answer that came in its place was sent as another message.
        """
        transaction = Transaction(self._session_factory)
        async with transaction:
            return await RevisionRepository(transaction).take_back(
                user_id, question_message_id, answer_message_id
            )

    async def put_back(self, taken: TakenBack) -> None:
        """Keep the answer that was taken back, since no other was made: it is what the person has."""
        transaction = Transaction(self._session_factory)
        async with transaction:
            await RevisionRepository(transaction).put_back(taken)

    async def mark_sent(self, answer_id: int, message_id: int, *, at_once: bool = False) -> None:
        """Note the Telegram message by which the person got the answer.

        That goes with the mark that the update is done, which follows, unless it has to be `at_once`: what
        still takes its time until then could be cut short.
        """
        sent = Effect(SENT, (answer_id, message_id))
        if at_once or not may_wait(sent):
            await self._endings.add(sent)

    async def _begin(self, asked: Sequence[Asked]) -> list[Turn | None]:
        transaction = Transaction(self._session_factory)
        async with transaction.single():
            turns = await TurnRepository(transaction).begin(
                asked, context_messages=self._settings.context_messages
            )
        return [turns.get(one) for one in asked]

    async def _save(self, made: Sequence[_Made]) -> list[_Stored]:
        transaction = Transaction(self._session_factory)
        turns = TurnRepository(transaction)
        answers = [one.answer for one in made]
        used = [answer.used for answer in answers if answer.used is not None]
        if not any(answer.orders or answer.taught_by for answer in answers):
            async with transaction.single():
                ids, done = await turns.save_answers(answers, self._ledger.parameters(used))
            count_settled(done)
            settled = done.ids
        else:
            jobs = JobService(transaction, JobRepository(transaction), self._queue)
            async with transaction:
                ids, _ = await turns.save_answers(answers, self._ledger.parameters([]))
                stored = [one for one in made if one.answer.turn.question_id in ids]
                await self._order(stored, transaction, jobs)
                settled = await self._ledger.settle_in(transaction, used)
        return [
            _Stored(ids.get(answer.turn.question_id), answer.used is not None and answer.used.id in settled)
            for answer in answers
        ]

    async def _order(self, made: Sequence[_Made], transaction: Transaction, jobs: JobService) -> None:
        # By name and key, as `JobService` wants it.
        orders = [(name, args, one.correlation_id) for one in made for name, args in one.answer.orders]
        for name, args, correlation_id in sorted(orders, key=_name_and_key):
            await jobs.enqueue(name, correlation_id=correlation_id, **args)
        lessons = [
            (one.answer.taught_by, one.correlation_id) for one in made if one.answer.taught_by is not None
        ]
        for asked, correlation_id in sorted(lessons, key=lambda lesson: str(lesson[0].user_id)):
            await self._memory.order(
                transaction,
                jobs,
                user_id=asked.user_id,
                question=asked.question.text,
                correlation_id=correlation_id,
            )

    async def _mark_sent(self, sent: Sequence[Effect]) -> list[None]:
        await write(self._session_factory, sent)
        return [None] * len(sent)


def _name_and_key(order: tuple[str, dict[str, Any], str | None]) -> tuple[str, str]:
    name, args, _ = order
    return name, args.get("unique_key", "")
