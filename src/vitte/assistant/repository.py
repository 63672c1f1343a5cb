"""Queries about questions and answers."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, func, select, update
from sqlalchemy.orm import aliased

from vitte.assistant.places import Place
from vitte.assistant.schemas import Answer, Asked, ImageRef, Said, StoredAnswer, Turn
from vitte.core.json import dumps, loads
from vitte.core.tokens import count_tokens
from vitte.db.models import Dialog, Message, User
from vitte.db.riders import Rider
from vitte.db.statement import Statement
from vitte.db.transaction import Transaction
from vitte.memory.repository import KNOWN, known_of
from vitte.usage.repository import settled
from vitte.usage.schemas import Settled
from vitte.usage.statements import CLOSED, settling_behind

STOPS_CHANNEL = "vitte_stops"
"""PostgreSQL's notification channel that tells of stopped answers."""


# One statement for any number of turns. Everybody who asks gets a dialog if they have none; each question is
# stored, once however often it comes in; and back comes all that an answer needs, what is known of the person
# included. What the statement itself has stored it does not see: the question is put to the end of its
# context by whoever reads the rows.
#
# The context is what was said since the dialog's summary, the newest first, as long as it has room. One more
# than may be shown is looked at, which tells whether anything is missing.
# A question that never got an answer is left out of the context: models expect the two sides to take turns.
# Not by EXISTS: where few people have said much, PostgreSQL would gather all answers there are for that.
# A row is missing when another process has begun the dialog, or stored the question, at the same moment.
_BEGIN = Statement(
    f"""
    WITH asked AS MATERIALIZED (
        SELECT *
        FROM unnest(
            CAST(:user_ids AS bigint[]), CAST(:message_ids AS bigint[]), CAST(:texts AS text[]),
            CAST(:tokens AS integer[]), CAST(:authors AS text[]), CAST(:extras AS text[]),
            CAST(:chat_ids AS bigint[]), CAST(:topic_ids AS bigint[]), CAST(:budgets AS integer[]),
            CAST(:personas AS text[]), CAST(:rooms_for_facts AS integer[])
        ) AS asked (
            user_id, message_id, content, tokens, author, extra, chat_id, topic_id, budget, persona,
            room_for_facts
        )
    ), begun AS (
        INSERT INTO dialogs (user_id, persona)
        SELECT DISTINCT ON (user_id) user_id, persona FROM asked
        WHERE chat_id IS NULL AND NOT EXISTS (
            SELECT FROM dialogs WHERE dialogs.user_id = asked.user_id AND dialogs.is_current
        )
        ON CONFLICT (user_id) WHERE is_current DO NOTHING
        RETURNING id, user_id, persona
    ), opened AS (
        INSERT INTO dialogs (user_id, chat_id, topic_id, is_current, persona)
        SELECT DISTINCT ON (chat_id, topic_id)
            CASE WHEN chat_id > 0 THEN user_id END, chat_id, topic_id, false, persona
        FROM asked
        WHERE chat_id IS NOT NULL AND NOT EXISTS (
            SELECT FROM dialogs
            WHERE dialogs.chat_id = asked.chat_id AND dialogs.topic_id = asked.topic_id
                AND dialogs.chat_id IS NOT NULL AND dialogs.ended_at IS NULL
        )
        ON CONFLICT (chat_id, topic_id) WHERE chat_id IS NOT NULL AND ended_at IS NULL DO NOTHING
        RETURNING id, chat_id, topic_id, persona
    ), current AS MATERIALIZED (
        SELECT asked.*, dialogs.id AS dialog_id, dialogs.persona AS speaks_as, dialogs.summary,
            COALESCE(dialogs.summary_until, 0) AS summary_until
        FROM asked JOIN dialogs ON dialogs.user_id = asked.user_id AND dialogs.is_current
        WHERE asked.chat_id IS NULL
        UNION ALL
        SELECT asked.*, dialogs.id, dialogs.persona, dialogs.summary, COALESCE(dialogs.summary_until, 0)
        FROM asked JOIN dialogs ON dialogs.chat_id = asked.chat_id AND dialogs.topic_id = asked.topic_id
            AND dialogs.chat_id IS NOT NULL AND dialogs.ended_at IS NULL
        UNION ALL
        SELECT asked.*, begun.id, begun.persona, NULL, 0
        FROM asked JOIN begun ON begun.user_id = asked.user_id
        WHERE asked.chat_id IS NULL
        UNION ALL
        SELECT asked.*, opened.id, opened.persona, NULL, 0
        FROM asked JOIN opened ON opened.chat_id = asked.chat_id AND opened.topic_id = asked.topic_id
    ), saved AS (
        INSERT INTO messages (dialog_id, role, text, telegram_message_id, tokens, author, extra_data)
        SELECT dialog_id, 'user', content, message_id, tokens, author, CAST(COALESCE(extra, '{{}}') AS jsonb)
        FROM current
        ON CONFLICT (dialog_id, telegram_message_id) WHERE role = 'user' DO NOTHING
        RETURNING id, dialog_id, telegram_message_id
    )
    SELECT
        current.user_id, current.message_id, current.chat_id, current.topic_id, current.dialog_id,
        current.speaks_as, current.summary,
        COALESCE(saved.id, old.id) AS question_id, COALESCE(old.text, current.content) AS content,
        COALESCE(old.extra_data ->> 'images', CAST(current.extra AS json) ->> 'images') AS images,
        COALESCE(old.author, current.author) AS author,
        answer.id AS answer_id, answer.text AS answer_text, answer.telegram_message_id AS sent_as,
        COALESCE(current.chat_id, 1) > 0
            AND users.stopped_message_id IS NOT DISTINCT FROM current.message_id AS is_stopped,
        context.roles, context.texts, context.authors, context.image_lists,
        COALESCE(context.is_cut, false) AS is_cut,
        COALESCE(old.tokens, current.tokens) + COALESCE(context.tokens, 0) AS unsummarised,
        known.*
    FROM current
    JOIN users ON users.id = current.user_id
    LEFT JOIN saved
        ON saved.dialog_id = current.dialog_id AND saved.telegram_message_id = current.message_id
    LEFT JOIN messages AS old
        ON old.dialog_id = current.dialog_id AND old.telegram_message_id = current.message_id
        AND old.role = 'user'
    LEFT JOIN messages AS answer ON answer.question_id = old.id
    CROSS JOIN LATERAL (
        SELECT
            array_agg(role ORDER BY id) FILTER (WHERE fits) AS roles,
            array_agg(text ORDER BY id) FILTER (WHERE fits) AS texts,
            array_agg(author ORDER BY id) FILTER (WHERE fits) AS authors,
            array_agg(images ORDER BY id) FILTER (WHERE fits) AS image_lists,
            bool_or(NOT fits) AS is_cut,
            CAST(sum(size) AS integer) AS tokens
        FROM (
            SELECT newest.*,
                sum(size) OVER (ORDER BY id DESC) <= current.budget - current.tokens
                    AND row_number() OVER (ORDER BY id DESC) <= CAST(:limit AS integer) AS fits
            FROM (
                SELECT earlier.id, earlier.role, earlier.text, earlier.author,
                    earlier.extra_data ->> 'images' AS images,
                    COALESCE(earlier.tokens, octet_length(earlier.text) / 3 + 4) AS size
                FROM messages AS earlier
                WHERE answer.id IS NULL
                    AND earlier.dialog_id = current.dialog_id
                    AND earlier.id < COALESCE(saved.id, old.id)
                    AND earlier.id > current.summary_until
                    AND (
                        earlier.role = 'assistant'
                        OR (SELECT id FROM messages AS given WHERE given.question_id = earlier.id) IS NOT NULL
                    )
                ORDER BY earlier.id DESC
                LIMIT CAST(:limit AS integer) + 1
            ) AS newest
        ) AS counted
    ) AS context
    CROSS JOIN LATERAL ({KNOWN.format(asked="current")}) AS known
    WHERE COALESCE(saved.id, old.id) IS NOT NULL
    """  # noqa: S608 - a constant of ours
)
# A question may be gone: its dialog can be deleted while it is answered. The lock keeps it until the end.
# What the answers' calls took is settled behind that.
_SAVE_ANSWERS = Statement(
    f"""
    WITH stored AS (
        INSERT INTO messages (dialog_id, question_id, role, text, model, tokens)
        SELECT question.dialog_id, question.id, 'assistant', made.content, made.model, made.tokens
        FROM unnest(
            CAST(:question_ids AS bigint[]), CAST(:texts AS text[]), CAST(:models AS text[]),
            CAST(:tokens AS integer[])
        ) AS made (question_id, content, model, tokens)
        JOIN LATERAL (
            SELECT id, dialog_id FROM messages WHERE messages.id = made.question_id LIMIT 1 FOR KEY SHARE
        ) AS question ON true
        ON CONFLICT (question_id) WHERE question_id IS NOT NULL
            DO UPDATE SET model = excluded.model WHERE messages.text = excluded.text
        RETURNING question_id, id
    ), {settling_behind("stored")}
    SELECT stored.question_id, stored.id, settled.*
    FROM stored FULL JOIN ({CLOSED}) AS settled ON false
    """  # noqa: S608 - a constant of ours
)
SENT = Rider(
    "sent",
    """
    UPDATE messages SET telegram_message_id = sent_as.message_id
    FROM unnest(CAST(:answer_ids AS bigint[]), CAST(:sent_as AS bigint[])) AS sent_as (answer_id, message_id)
    WHERE messages.id = sent_as.answer_id
    """,
    columns=("answer_ids", "sent_as"),
)
"""Notes of answers, by their ids, the Telegram messages by which people got them."""


class TurnRepository:
    """Questions, answers and the context they are made in: those of many people at once."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def begin(self, asked: Sequence[Asked], *, context_messages: int) -> dict[Asked, Turn]:
        """Store the questions in their dialogs, and return what an answer to each needs.

        The context is what was said since the dialog's summary and fits into the budget, but at most the
        newest `context_messages`, the question being the last. A turn is missing when another process was
        just beginning it: it is there for whoever asks once more.
        """
        questions = [one.question for one in asked]
        places = [one.place for one in asked]
        rows = await self._transaction.run(
            _BEGIN,
            user_ids=[one.user_id for one in asked],
            message_ids=[one.telegram_message_id for one in questions],
            texts=[one.text for one in questions],
            tokens=[one.tokens for one in questions],
            authors=[one.author for one in questions],
            extras=[dumps(one.extra_data) if one.extra_data else None for one in questions],
            chat_ids=[None if place is None else place.chat_id for place in places],
            topic_ids=[0 if place is None else place.topic_id for place in places],
            budgets=[one.budget for one in asked],
            personas=[one.persona for one in asked],
            rooms_for_facts=[one.room_for_facts for one in asked],
            limit=context_messages - 1,
        )
        turns = {(row.user_id, row.message_id, row.chat_id, row.topic_id): _turn(row) for row in rows}
        found = {one: turns.get(_key_of(one)) for one in asked}
        return {one: turn for one, turn in found.items() if turn is not None}

    async def save_answers(
        self, answers: Sequence[Answer], used: Mapping[str, Any]
    ) -> tuple[dict[int, int], Settled]:
        """Store answers, not sent yet, and return the id of each by its question's; twice is stored once.

        One is missing when its question is gone, with its dialog, or has got another answer meanwhile: from
        whoever took over from a process that was frozen for long. No two are to one question. Calls that were
        `used` (`UsageLedger.parameters`) are settled, whatever becomes of the answers.
        """
        rows = await self._transaction.run(
            _SAVE_ANSWERS,
            question_ids=[answer.turn.question_id for answer in answers],
            texts=[answer.text for answer in answers],
            models=[answer.model for answer in answers],
            tokens=[count_tokens(answer.text) for answer in answers],
            **used,
        )
        ids = {row.question_id: row.id for row in rows if row.question_id is not None}
        return ids, settled([row for row in rows if row.question_id is None])


def _key_of(asked: Asked) -> tuple[int, int, int | None, int]:
    place = asked.place
    chat_id, topic_id = (None, 0) if place is None else (place.chat_id, place.topic_id)
    return (asked.user_id, asked.question.telegram_message_id, chat_id, topic_id)


def _turn(row: Row[Any]) -> Turn:
    columns = (row.roles or (), row.texts or (), row.authors or (), row.image_lists or ())
    said = [
        Said(role=role, text=content, author=author, images=_images(images))
        for role, content, author, images in zip(*columns, strict=True)
    ]
    question = Said(role="user", text=row.content, author=row.author, images=_images(row.images))
    answer = None
    if row.answer_id is not None:
        answer = StoredAnswer(id=row.answer_id, text=row.answer_text, is_sent=row.sent_as is not None)
    return Turn(
        dialog_id=row.dialog_id,
        question_id=row.question_id,
        context=[*said, question],
        answer=answer,
        is_stopped=row.is_stopped,
        persona=row.speaks_as,
        summary=row.summary,
        is_cut=row.is_cut,
        unsummarised=row.unsummarised,
        known=known_of(row),
    )


def _images(stored: str | None) -> tuple[ImageRef, ...]:
    return tuple(ImageRef(**one) for one in loads(stored)) if stored else ()


def is_current(user_id: int, place: Place | None) -> ColumnElement[bool]:
    """Return the condition for the dialog in which a person's questions are asked now."""
    if place is None:
        return and_(Dialog.user_id == user_id, Dialog.is_current)
    return and_(
        Dialog.chat_id == place.chat_id,
        Dialog.topic_id == place.topic_id,
        Dialog.chat_id.is_not(None),
        Dialog.ended_at.is_(None),
    )


class StopRepository:
    """Answers that people have stopped."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def note(self, user_id: int, question_message_id: int) -> None:
        """Keep in mind that the person wants no answer to this question; one to a later question stands.

        Of private chats alone, in which ids grow together: https://core.telegram.org/bots/api#message .
        """
        await self._transaction.session.execute(
            update(User)
            .where(User.id == user_id)
            .values(stopped_message_id=func.greatest(User.stopped_message_id, question_message_id))
        )

    async def announce(self, user_id: int, question_message_id: int) -> None:
        """Tell every process that listens, once this transaction is committed."""
        payload = f"{user_id} {question_message_id}"
        await self._transaction.session.execute(select(func.pg_notify(STOPS_CHANNEL, payload)))

    async def is_over(
        self, user_id: int, question_message_id: int, *, place: Place | None, seen_at: int
    ) -> bool:
        """Tell whether the question has its answer, or the dialog one that came later than `seen_at`."""
        question = aliased(Message)
        newest = (
            await self._transaction.session.execute(
                select(question.telegram_message_id, Message.telegram_message_id)
                .join(question, question.id == Message.question_id)
                .join(Dialog, Dialog.id == Message.dialog_id)
                .where(is_current(user_id, place))
                .order_by(Message.id.desc())
                .limit(1)
            )
        ).one_or_none()
        if newest is None:
            return False
        answered, sent_as = newest
        return answered == question_message_id or (sent_as or 0) > seen_at

    async def stopped_by(self, user_ids: Collection[int]) -> list[tuple[int, int]]:
        """Return the newest stop of each of these people who ever stopped one: person and question."""
        rows = await self._transaction.session.execute(
            select(User.id, User.stopped_message_id).where(User.id.in_(user_ids))
        )
        return [(user_id, stopped) for user_id, stopped in rows if stopped is not None]
