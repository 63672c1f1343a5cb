"""Which parts of an album were answered with its first one."""

from vitte.assistant.places import Place
from vitte.db.engine import SessionFactory
from vitte.db.statement import Statement
from vitte.db.transaction import Transaction

_RECENT = 20
"""Questions of a dialog that are looked at: the parts of an album come one after the other."""

# A question with an album names the messages that it was made of: one that came too late is not among them.
_IS_ANSWERED = """
    SELECT question.id
    FROM dialogs
    CROSS JOIN LATERAL (
        SELECT id, extra_data FROM messages
        WHERE messages.dialog_id = dialogs.id AND messages.role = 'user'
            AND messages.telegram_message_id < CAST(:message_id AS bigint)
        ORDER BY messages.telegram_message_id DESC
        LIMIT {recent}
    ) AS question
    WHERE {where}
        AND question.extra_data ->> 'media_group_id' = :media_group_id
        AND (
            question.extra_data -> 'album' IS NULL
            OR question.extra_data -> 'album' @> to_jsonb(CAST(:message_id AS bigint))
        )
    LIMIT 1
    """
_OF_PERSON = Statement(
    _IS_ANSWERED.format(recent=_RECENT, where="dialogs.user_id = :user_id AND dialogs.is_current")
)
_OF_PLACE = Statement(
    _IS_ANSWERED.format(
        recent=_RECENT,
        where="dialogs.chat_id = :chat_id AND dialogs.topic_id = :topic_id "
        "AND dialogs.chat_id IS NOT NULL AND dialogs.ended_at IS NULL",
    )
)


class AlbumRepository:
    """Albums that became questions."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def is_answered(
        self, user_id: int, media_group_id: str, message_id: int, *, place: Place | None = None
    ) -> bool:
        """Tell whether a question of the dialog was made of an earlier part of this album and this one."""
        if place is None:
            rows = await self._transaction.run(
                _OF_PERSON, user_id=user_id, media_group_id=media_group_id, message_id=message_id
            )
        else:
            rows = await self._transaction.run(
                _OF_PLACE,
                chat_id=place.chat_id,
                topic_id=place.topic_id,
                media_group_id=media_group_id,
                message_id=message_id,
            )
        return bool(rows)


class AlbumService:
    """Knows of albums. Lives as long as its process: each call is a statement of its own."""

    def __init__(self, session_factory: SessionFactory) -> None:
        self._session_factory = session_factory

    async def is_answered(
        self, user_id: int, media_group_id: str, message_id: int, *, place: Place | None = None
    ) -> bool:
        """Tell whether this part of an album belongs to a question that is stored with an earlier part."""
        transaction = Transaction(self._session_factory)
        async with transaction.single():
            return await AlbumRepository(transaction).is_answered(
                user_id, media_group_id, message_id, place=place
            )
