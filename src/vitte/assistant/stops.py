"""A person wants no more of an answer, whichever process is making it."""

import structlog

from vitte.assistant.places import Place
from vitte.assistant.repository import StopRepository
from vitte.assistant.running import RunningAnswers
from vitte.db.engine import SessionFactory
from vitte.db.transaction import Transaction

logger = structlog.get_logger(__name__)


class StopService:
    """Stops answers. Lives as long as its process.

    A stop is stored, then announced to all processes by PostgreSQL. Stored, because an answer that begins at
    this very moment is within nobody's reach yet and has to read of it, and because whoever has stopped an
    answer does not want to see it begin anew when its process has died. Doing it again is harmless: a stop
    names its question.
    """

    def __init__(self, session_factory: SessionFactory, running: RunningAnswers) -> None:
        self._session_factory = session_factory
        self._running = running

    async def stop(
        self,
        user_id: int,
        question_message_id: int,
        *,
        asked_by: int | None = None,
        place: Place | None = None,
    ) -> bool:
        """Stop the answer to a question; tell whether there was anything to stop.

        `asked_by` is the message that asks for it, where it is one: ids in a chat grow in the order in which
        things were seen there, so an answer with a greater one was the answer meant, and has ended by itself.
        """
        transaction = Transaction(self._session_factory)
        stops = StopRepository(transaction)
        async with transaction:
            if asked_by is not None and await stops.is_over(
                user_id, question_message_id, place=place, seen_at=asked_by
            ):
                return False
            if place is None or not place.is_shared:
                # Ids of a group are its own: beside those of private chats they would stop others.
                await stops.note(user_id, question_message_id)
            await stops.announce(user_id, question_message_id)
        # At once where the answer is made here, also while nothing is heard from PostgreSQL.
        self._running.stop(user_id, question_message_id)
        logger.info("stop_asked", by="button" if asked_by is None else "command")
        return True

    def hear(self, payload: str) -> None:
        """Take an announced stop to the answer, if it is being made here."""
        user_id, question_message_id = map(int, payload.split())
        self._running.stop(user_id, question_message_id)

    async def catch_up(self) -> None:
        """Find the stops that were announced while nobody listened."""
        user_ids = self._running.user_ids
        if not user_ids:
            return
        transaction = Transaction(self._session_factory)
        async with transaction:
            stopped = await StopRepository(transaction).stopped_by(user_ids)
        for user_id, question_message_id in stopped:
            self._running.stop(user_id, question_message_id)
