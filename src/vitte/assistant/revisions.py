"""Questions and answers that are made anew."""

from sqlalchemy import delete, exists, or_, select, update
from sqlalchemy.orm import aliased

from vitte.assistant.repository import is_current
from vitte.assistant.schemas import Edited, ImageRef, Question
from vitte.db.models import Dialog, Message, MessageRole, User
from vitte.db.transaction import Transaction


class RevisionRepository:
    """Changes to the newest turn of a dialog; an earlier one stays as it was, for others stand on it."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def question_exists(self, question_id: int) -> bool:
        """Tell whether the question is still there."""
        found = await self._transaction.session.scalar(select(Message.id).where(Message.id == question_id))
        return found is not None

    async def edit(self, edited: Edited) -> bool:
        """Change the question unless it is changed already, and delete its answer; tell whether it is so now.

        False when the dialog has gone on since, or knows no such question.
        """
        question = await self._newest_question(edited)
        if question is None or question.telegram_message_id != edited.question.telegram_message_id:
            return False
        if question.edited_at is not None and question.edited_at >= edited.at:
            return question.edited_at == edited.at
        await self._transaction.session.execute(delete(Message).where(Message.question_id == question.id))
        await self._forget_stop(edited.user_id, edited.question.telegram_message_id)
        await self._transaction.session.execute(
            update(Message)
            .where(Message.id == question.id)
            .values(
                text=edited.question.text,
                tokens=edited.question.tokens,
                extra_data=edited.question.extra_data,
                edited_at=edited.at,
            )
        )
        return True

    async def take_back(
        self, user_id: int, question_message_id: int, answer_message_id: int
    ) -> Question | None:
        """Delete the answer that was sent as this message, and return its question.

        Of a question whose answer was taken back before, the question too. None when the dialog has gone on.
        """
        session = self._transaction.session
        question = (
            await session.execute(
                select(Message, Dialog.id)
                .join(Dialog, Dialog.id == Message.dialog_id)
                .where(
                    Dialog.user_id == user_id,
                    Message.role == MessageRole.USER,
                    Message.telegram_message_id == question_message_id,
                    or_(Dialog.is_current, Dialog.chat_id.is_not(None)),
                )
                .order_by(Message.id.desc())
                .limit(1)
                .with_for_update(of=Message)
            )
        ).one_or_none()
        if question is None:
            return None
        asked, dialog_id = question
        later = aliased(Message)
        has_gone_on = await session.scalar(
            select(exists().where(later.dialog_id == dialog_id, later.id > asked.id, later.role == "user"))
        )
        if has_gone_on:
            return None
        taken_back = await session.scalar(
            delete(Message)
            .where(Message.question_id == asked.id, Message.telegram_message_id == answer_message_id)
            .returning(Message.id)
        )
        if taken_back is not None:
            # Done once: a stop that comes later is of the new answer, and stands.
            await self._forget_stop(user_id, question_message_id)
        return _question(asked)

    async def _forget_stop(self, user_id: int, question_message_id: int) -> None:
        """Let the question be answered, though its last answer was stopped."""
        await self._transaction.session.execute(
            update(User)
            .where(User.id == user_id, User.stopped_message_id == question_message_id)
            .values(stopped_message_id=None)
        )

    async def _newest_question(self, edited: Edited) -> Message | None:
        dialog = is_current(edited.user_id, edited.place)
        in_dialog = select(Dialog.id).where(dialog).scalar_subquery()
        return await self._transaction.session.scalar(
            select(Message)
            .where(Message.dialog_id == in_dialog, Message.role == MessageRole.USER)
            .order_by(Message.id.desc())
            .limit(1)
            .with_for_update()
        )


def _question(asked: Message) -> Question:
    return Question(
        text=asked.text,
        telegram_message_id=asked.telegram_message_id or 0,
        images=tuple(ImageRef(**one) for one in asked.extra_data.get("images", ())),
        media_group_id=asked.extra_data.get("media_group_id"),
        author=asked.author,
    )
