"""Queries about questions and answers."""

from collections.abc import Collection

from sqlalchemy import exists, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased

from vitte.assistant.schemas import Question, StoredAnswer
from vitte.clients.llm.protocol import ChatMessage
from vitte.db.models import Dialog, Message, MessageRole, User
from vitte.db.transaction import Transaction

STOPS_CHANNEL = "vitte_stops"
"""PostgreSQL's notification channel that tells of stopped answers."""


class TurnRepository:
    """Questions, answers and the context they are made in."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def save_question(self, dialog_id: int, question: Question) -> tuple[int, bool]:
        """Store the question, once however often it comes in; return its id, and whether it is new."""
        question_id: int | None = await self._transaction.session.scalar(
            insert(Message)
            .values(
                dialog_id=dialog_id,
                role=MessageRole.USER,
                text=question.text,
                telegram_message_id=question.telegram_message_id,
            )
            .on_conflict_do_nothing(
                index_elements=[Message.dialog_id, Message.telegram_message_id],
                index_where=text("role = 'user'"),
            )
            .returning(Message.id)
        )
        if question_id is not None:
            return question_id, True
        stored = select(Message.id).where(
            Message.dialog_id == dialog_id,
            Message.telegram_message_id == question.telegram_message_id,
            Message.role == MessageRole.USER,
        )
        return (await self._transaction.session.scalars(stored)).one(), False

    async def find_answer(self, question_id: int) -> StoredAnswer | None:
        """Return the answer that the question has already."""
        row = (
            await self._transaction.session.execute(
                select(Message.id, Message.text, Message.telegram_message_id).where(
                    Message.question_id == question_id
                )
            )
        ).one_or_none()
        return None if row is None else StoredAnswer(id=row[0], text=row[1], is_sent=row[2] is not None)

    async def context(self, dialog_id: int, *, question_id: int, limit: int) -> list[ChatMessage]:
        """Return the newest `limit` messages of the dialog up to the question, oldest first.

        A question that never got an answer is left out: models expect the two sides to take turns.
        """
        answer = aliased(Message)
        rows = await self._transaction.session.execute(
            select(Message.role, Message.text)
            .where(
                Message.dialog_id == dialog_id,
                Message.id <= question_id,
                or_(
                    Message.id == question_id,
                    Message.role == MessageRole.ASSISTANT,
                    exists().where(answer.question_id == Message.id),
                ),
            )
            .order_by(Message.id.desc())
            .limit(limit)
        )
        return [
            ChatMessage("user" if role == MessageRole.USER else "assistant", content)
            for role, content in rows
        ][::-1]

    async def save_answer(self, dialog_id: int, *, question_id: int, content: str, model: str) -> int:
        """Store the answer, not sent yet, and return its id; the same one twice is stored once.

        Raises RuntimeError when the question has got another answer meanwhile: from whoever took over from
        a process that was frozen for long.
        """
        answer_id: int | None = await self._transaction.session.scalar(
            insert(Message)
            .values(
                dialog_id=dialog_id,
                question_id=question_id,
                role=MessageRole.ASSISTANT,
                text=content,
                model=model,
            )
            .on_conflict_do_update(
                index_elements=[Message.question_id],
                index_where=Message.question_id.is_not(None),
                set_={"model": model},
                where=Message.text == content,
            )
            .returning(Message.id)
        )
        if answer_id is None:
            raise RuntimeError("the question has got another answer meanwhile")
        return answer_id

    async def mark_sent(self, answer_id: int, *, telegram_message_id: int) -> None:
        """Note the message by which the person got the answer."""
        await self._transaction.session.execute(
            update(Message).where(Message.id == answer_id).values(telegram_message_id=telegram_message_id)
        )


class StopRepository:
    """Answers that people have stopped."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def note(self, user_id: int, question_message_id: int) -> None:
        """Keep in mind that the person wants no answer to this question; one to a later question stands."""
        await self._transaction.session.execute(
            update(User)
            .where(User.id == user_id)
            .values(stopped_message_id=func.greatest(User.stopped_message_id, question_message_id))
        )

    async def announce(self, user_id: int, question_message_id: int) -> None:
        """Tell every process that listens, once this transaction is committed."""
        payload = f"{user_id} {question_message_id}"
        await self._transaction.session.execute(select(func.pg_notify(STOPS_CHANNEL, payload)))

    async def is_noted(self, user_id: int, question_message_id: int) -> bool:
        """Tell whether the person has stopped the answer to this question."""
        stopped = await self._transaction.session.scalar(
            select(User.stopped_message_id).where(User.id == user_id)
        )
        return stopped == question_message_id

    async def is_over(self, user_id: int, question_message_id: int, *, seen_at: int) -> bool:
        """Tell whether the question has its answer, or the chat one that came later than `seen_at`."""
        question = aliased(Message)
        newest = (
            await self._transaction.session.execute(
                select(question.telegram_message_id, Message.telegram_message_id)
                .join(question, question.id == Message.question_id)
                .join(Dialog, Dialog.id == Message.dialog_id)
                .where(Dialog.user_id == user_id, Dialog.is_current)
                .order_by(Message.id.desc())
                .limit(1)
            )
        ).one_or_none()
        if newest is None:
            return False
        answered, sent_as = newest
        return (answered or 0) >= question_message_id or (sent_as or 0) > seen_at

    async def stopped_by(self, user_ids: Collection[int]) -> list[tuple[int, int]]:
        """Return the newest stop of each of these people who ever stopped one: person and question."""
        rows = await self._transaction.session.execute(
            select(User.id, User.stopped_message_id).where(User.id.in_(user_ids))
        )
        return [(user_id, stopped) for user_id, stopped in rows if stopped is not None]
