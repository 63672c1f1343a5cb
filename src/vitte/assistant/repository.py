"""Queries about questions and answers."""

from sqlalchemy import exists, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased

from vitte.assistant.schemas import Question, StoredAnswer
from vitte.clients.llm.protocol import ChatMessage
from vitte.db.models import Message, MessageRole
from vitte.db.transaction import Transaction


class TurnRepository:
    """Questions, answers and the context they are made in."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def save_question(self, dialog_id: int, question: Question) -> int:
        """Store the question, once however often it comes in, and return its id."""
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
            return question_id
        stored = select(Message.id).where(
            Message.dialog_id == dialog_id,
            Message.telegram_message_id == question.telegram_message_id,
            Message.role == MessageRole.USER,
        )
        return (await self._transaction.session.scalars(stored)).one()

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
        """Store the answer, not sent yet, and return its id."""
        answer_id: int | None = await self._transaction.session.scalar(
            insert(Message)
            .values(
                dialog_id=dialog_id,
                question_id=question_id,
                role=MessageRole.ASSISTANT,
                text=content,
                model=model,
            )
            .returning(Message.id)
        )
        if answer_id is None:
            raise RuntimeError("an insert returned no id")
        return answer_id

    async def mark_sent(self, answer_id: int, *, telegram_message_id: int) -> None:
        """Note the message by which the person got the answer."""
        await self._transaction.session.execute(
            update(Message).where(Message.id == answer_id).values(telegram_message_id=telegram_message_id)
        )
