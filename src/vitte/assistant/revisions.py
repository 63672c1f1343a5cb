"""Questions and answers that are made anew."""

from dataclasses import replace
from itertools import zip_longest

from sqlalchemy import delete, exists, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased

from vitte.assistant.places import Place
from vitte.assistant.repository import is_current
from vitte.assistant.schemas import Edited, ImageRef, Question, StoredQuestion, TakenBack
from vitte.db.models import Dialog, Message, MessageRole, User
from vitte.db.transaction import Transaction


class RevisionRepository:
    """Changes to the newest turn of a dialog; an earlier one stays as it was, for others stand on it."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def question_exists(self, question_id: int, *, for_share: bool = False) -> bool:
        """Tell whether the question is still there; `for_share`, also until the end of the transaction."""
        found = select(Message.id).where(Message.id == question_id)
        if for_share:
            found = found.with_for_update(key_share=True, read=True)
        return await self._transaction.session.scalar(found) is not None

    async def find(self, user_id: int, message_id: int, place: Place | None) -> StoredQuestion | None:
        """Return the question of the present dialog that was asked by this message."""
        later = aliased(Message)
        has_gone_on = exists().where(
            later.dialog_id == Message.dialog_id, later.id > Message.id, later.role == MessageRole.USER
        )
        in_dialog = select(Dialog.id).where(is_current(user_id, place)).scalar_subquery()
        found = (
            await self._transaction.session.execute(
                select(Message, has_gone_on).where(
                    Message.dialog_id == in_dialog,
                    Message.role == text("'user'"),
                    Message.telegram_message_id == message_id,
                )
            )
        ).one_or_none()
        return None if found is None else StoredQuestion(question=_question(found[0]), is_newest=not found[1])

    async def edit(self, edited: Edited) -> Question | None:
        """Change the question unless it is changed already, and delete its answer; return what it is now.

        None when the dialog has gone on since, knows no such question, or nothing of it was changed: Telegram
        calls a message edited also when somebody has reacted to it. https://github.com/tdlib/telegram-bot-api/issues/388
        """
        stored = await self._newest_question(edited)
        if stored is None or stored.telegram_message_id != edited.question.telegram_message_id:
            return None
        before = _question(stored)
        question = _with_other_parts(edited.question, before)
        if question is None:
            return None
        if stored.edited_at is not None and stored.edited_at >= edited.at:
            return question if stored.edited_at == edited.at else None
        if _is_same(question, before):
            return None
        await self._transaction.session.execute(delete(Message).where(Message.question_id == stored.id))
        await self._forget_stop(edited.user_id, question.telegram_message_id)
        await self._transaction.session.execute(
            update(Message)
            .where(Message.id == stored.id)
            .values(
                text=question.text,
                tokens=question.tokens,
                extra_data=question.extra_data,
                edited_at=edited.at,
            )
        )
        return question

    async def take_back(
        self, user_id: int, question_message_id: int, answer_message_id: int
    ) -> TakenBack | None:
        """Delete the answer that was sent as this message, and return it with its question.

        Of one whose answer was taken back before, the question alone. None when the dialog has gone on.
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
        taken_back = (
            await session.execute(
                delete(Message)
                .where(Message.question_id == asked.id, Message.telegram_message_id == answer_message_id)
                .returning(*Message.__table__.columns)
            )
        ).one_or_none()
        if taken_back is None:
            return TakenBack(question=_question(asked), question_id=asked.id, answer=None)
        # Done once: a stop that comes later is of the new answer, and stands.
        await self._forget_stop(user_id, question_message_id)
        answer = dict(taken_back._mapping)  # noqa: SLF001 - SQLAlchemy's public name of it
        return TakenBack(question=_question(asked), question_id=asked.id, answer=answer)

    async def put_back(self, taken: TakenBack) -> None:
        """Store the answer again that was taken back, unless there is another or its question is gone."""
        if taken.answer is None or not await self.question_exists(taken.question_id, for_share=True):
            return
        await self._transaction.session.execute(
            insert(Message.__table__).values(**taken.answer).on_conflict_do_nothing()  # type: ignore[arg-type]  # it is a table
        )

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
    extra = asked.extra_data
    images = extra.get("images", ())
    return Question(
        text=asked.text,
        telegram_message_id=asked.telegram_message_id or 0,
        images=tuple(
            ImageRef(**one, unique_id=unique_id or "")
            for one, unique_id in zip_longest(images, extra.get("image_ids", ())[: len(images)])
        ),
        media_group_id=extra.get("media_group_id"),
        album=tuple(extra.get("album", ())),
        author=asked.author,
    )


def _with_other_parts(changed: Question, before: Question) -> Question | None:
    """Return the changed question with what an edit does not bring: the other pictures of its album.

    None for an album of files: the words of the others are not there to be put beside the new ones.
    """
    is_album = changed.media_group_id is not None and changed.media_group_id == before.media_group_id
    if not is_album or len(before.album) < 2:
        return changed
    if len(before.images) != len(before.album) or len(changed.images) != 1:
        return None
    return replace(changed, images=(*changed.images, *before.images[1:]), album=before.album)


def _is_same(changed: Question, before: Question) -> bool:
    return (
        changed.text == before.text
        and len(changed.images) == len(before.images)
        and all(one.is_same(other) for one, other in zip(changed.images, before.images, strict=True))
    )
