"""Queries about questions and answers."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Row, func, select, update
from sqlalchemy.orm import aliased

from vitte.assistant.schemas import Answer, Asked, StoredAnswer, Turn
from vitte.clients.llm.protocol import ChatMessage
from vitte.db.models import Dialog, Message, User
from vitte.db.statement import Statement
from vitte.db.transaction import Transaction

STOPS_CHANNEL = "vitte_stops"
"""PostgreSQL's notification channel that tells of stopped answers."""


# One statement for any number of turns. Everybody who asks gets a dialog if they have none; each question is
# stored, once however often it comes in; and back comes all that an answer needs. What the statement itself
# has stored it does not see: the question is put to the end of its context by whoever reads the rows.
#
# A question that never got an answer is left out of the context: models expect the two sides to take turns.
# Not by EXISTS: where few people have said much, PostgreSQL would gather all answers there are for that.
# A row is missing when another process has begun the dialog, or stored the question, at the same moment.
_BEGIN = Statement(
    """
    WITH asked AS MATERIALIZED (
        SELECT *
        FROM unnest(CAST(:user_ids AS bigint[]), CAST(:message_ids AS bigint[]), CAST(:texts AS text[]))
            AS asked (user_id, message_id, content)
    ), begun AS (
        INSERT INTO dialogs (user_id)
        SELECT DISTINCT user_id FROM asked
        WHERE NOT EXISTS (
            SELECT FROM dialogs WHERE dialogs.user_id = asked.user_id AND dialogs.is_current
        )
        ON CONFLICT (user_id) WHERE is_current DO NOTHING
        RETURNING id, user_id
    ), current AS MATERIALIZED (
        SELECT asked.*, dialogs.id AS dialog_id
        FROM asked JOIN dialogs ON dialogs.user_id = asked.user_id AND dialogs.is_current
        UNION ALL
        SELECT asked.*, begun.id
        FROM asked JOIN begun ON begun.user_id = asked.user_id
    ), saved AS (
        INSERT INTO messages (dialog_id, role, text, telegram_message_id)
        SELECT dialog_id, 'user', content, message_id FROM current
        ON CONFLICT (dialog_id, telegram_message_id) WHERE role = 'user' DO NOTHING
        RETURNING id, dialog_id, telegram_message_id
    )
    SELECT
        current.user_id, current.message_id, current.dialog_id,
        COALESCE(saved.id, old.id) AS question_id, COALESCE(old.text, current.content) AS content,
        answer.id AS answer_id, answer.text AS answer_text, answer.telegram_message_id AS sent_as,
        users.stopped_message_id IS NOT DISTINCT FROM current.message_id AS is_stopped,
        context.roles, context.texts
    FROM current
    JOIN users ON users.id = current.user_id
    LEFT JOIN saved
        ON saved.dialog_id = current.dialog_id AND saved.telegram_message_id = current.message_id
    LEFT JOIN messages AS old
        ON old.dialog_id = current.dialog_id AND old.telegram_message_id = current.message_id
        AND old.role = 'user'
    LEFT JOIN messages AS answer ON answer.question_id = old.id
    CROSS JOIN LATERAL (
        SELECT array_agg(role ORDER BY id) AS roles, array_agg(text ORDER BY id) AS texts
        FROM (
            SELECT earlier.id, earlier.role, earlier.text
            FROM messages AS earlier
            WHERE answer.id IS NULL
                AND earlier.dialog_id = current.dialog_id
                AND earlier.id < COALESCE(saved.id, old.id)
                AND (
                    earlier.role = 'assistant'
                    OR (SELECT id FROM messages AS given WHERE given.question_id = earlier.id) IS NOT NULL
                )
            ORDER BY earlier.id DESC
            LIMIT CAST(:limit AS integer)
        ) AS newest
    ) AS context
    WHERE COALESCE(saved.id, old.id) IS NOT NULL
    """
)
_SAVE_ANSWERS = Statement(
    """
    INSERT INTO messages (dialog_id, question_id, role, text, model)
    SELECT dialog_id, question_id, 'assistant', content, model
    FROM unnest(
        CAST(:dialog_ids AS bigint[]), CAST(:question_ids AS bigint[]), CAST(:texts AS text[]),
        CAST(:models AS text[])
    ) AS made (dialog_id, question_id, content, model)
    ON CONFLICT (question_id) WHERE question_id IS NOT NULL
        DO UPDATE SET model = excluded.model WHERE messages.text = excluded.text
    RETURNING question_id, id
    """
)
_MARK_SENT = Statement(
    """
    UPDATE messages SET telegram_message_id = sent.message_id
    FROM unnest(CAST(:answer_ids AS bigint[]), CAST(:message_ids AS bigint[])) AS sent (answer_id, message_id)
    WHERE messages.id = sent.answer_id
    """
)


class TurnRepository:
    """Questions, answers and the context they are made in: those of many people at once."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def begin(self, asked: Sequence[Asked], *, context_messages: int) -> dict[Asked, Turn]:
        """Store the questions in their people's current dialogs, and return what an answer to each needs.

        The context is the newest `context_messages` messages of the dialog, the question being the last. A
        turn is missing when another process was just beginning it: it is there for whoever asks once more.
        """
        rows = await self._transaction.run(
            _BEGIN,
            user_ids=[one.user_id for one in asked],
            message_ids=[one.question.telegram_message_id for one in asked],
            texts=[one.question.text for one in asked],
            limit=context_messages - 1,
        )
        turns = {(row.user_id, row.message_id): _turn(row) for row in rows}
        found = {one: turns.get((one.user_id, one.question.telegram_message_id)) for one in asked}
        return {one: turn for one, turn in found.items() if turn is not None}

    async def save_answers(self, answers: Sequence[Answer]) -> dict[int, int]:
        """Store answers, not sent yet, and return the id of each by its question's; twice is stored once.

        One is missing when the question has got another answer meanwhile: from whoever took over from a
        process that was frozen for long. No two are to one question.
        """
        rows = await self._transaction.run(
            _SAVE_ANSWERS,
            dialog_ids=[answer.turn.dialog_id for answer in answers],
            question_ids=[answer.turn.question_id for answer in answers],
            texts=[answer.text for answer in answers],
            models=[answer.model for answer in answers],
        )
        return {row.question_id: row.id for row in rows}

    async def mark_sent(self, sent: Sequence[tuple[int, int]]) -> None:
        """Note of answers, by their ids, the Telegram messages by which people got them."""
        await self._transaction.run(
            _MARK_SENT, answer_ids=[one[0] for one in sent], message_ids=[one[1] for one in sent]
        )


def _turn(row: Row[Any]) -> Turn:
    said = [
        ChatMessage(role, content) for role, content in zip(row.roles or (), row.texts or (), strict=True)
    ]
    answer = None
    if row.answer_id is not None:
        answer = StoredAnswer(id=row.answer_id, text=row.answer_text, is_sent=row.sent_as is not None)
    return Turn(
        dialog_id=row.dialog_id,
        question_id=row.question_id,
        context=[*said, ChatMessage("user", row.content)],
        answer=answer,
        is_stopped=row.is_stopped,
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
