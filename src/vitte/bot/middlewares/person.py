"""Who is speaking, and in which language."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeGuard

from aiogram import BaseMiddleware
from aiogram.enums import ChatType
from aiogram.types import CallbackQuery, Message, MessageGenerationStopped, TelegramObject
from dishka.integrations.aiogram import CONTAINER_NAME

from vitte.bot.texts import texts_for
from vitte.clients.telegram.limits import Limits
from vitte.core.clock import utc_now
from vitte.users.presence import Presence
from vitte.users.schemas import Person, TelegramProfile
from vitte.users.service import UserService

_SERVED = (ChatType.PRIVATE, ChatType.GROUP, ChatType.SUPERGROUP)

Handler = Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]]


class PersonMiddleware(BaseMiddleware):
    """Registers the person at first contact; hands `person` and `texts` to the handler.

    That they were here is noted. Updates of channels and of other bots go no further, nor do buttons pressed
    in groups; messages of groups have passed `GroupMiddleware`.
    """

    def __init__(self) -> None:
        self._limits: Limits | None = None
        self._presence: Presence | None = None

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        """Look the person up and go on."""
        container = data[CONTAINER_NAME]
        # They live as long as this: to ask for them at each update would cost more than what they do.
        if self._limits is None or self._presence is None:
            self._limits, self._presence = await container.get(Limits), await container.get(Presence)
        if _is_answered_at_once(event):
            self._limits.foresee(event.chat.id)
        person = await _find_person(event, await container.get(UserService))
        if person is None:
            return None
        # Of a message its own time: it may have waited. Pressed buttons have none.
        at = event.date if isinstance(event, Message) else utc_now()
        self._presence.note(person.telegram_id, at)
        data["person"] = person
        data["texts"] = texts_for(person.language_code)
        return await handler(event, data)


def _is_answered_at_once(event: TelegramObject) -> TypeGuard[Message]:
    """Tell whether this is a command, all of which are answered by a message and ask no model for it."""
    return (
        isinstance(event, Message)
        and event.chat.type == ChatType.PRIVATE
        and event.text is not None
        and event.text.startswith("/")
    )


async def _find_person(event: TelegramObject, users: UserService) -> Person | None:
    if isinstance(event, MessageGenerationStopped):
        # It names no sender, but a private chat has its person's id, and there are drafts in no other chat.
        return await users.find(event.chat.id)
    message = event.message if isinstance(event, CallbackQuery) else event
    sender = event.from_user if isinstance(event, Message | CallbackQuery) else None
    chat = getattr(message, "chat", None)
    served = _SERVED if isinstance(event, Message) else _SERVED[:1]
    if sender is None or sender.is_bot or chat is None or chat.type not in served:
        return None
    return await users.meet(
        TelegramProfile(
            telegram_id=sender.id,
            first_name=sender.first_name,
            last_name=sender.last_name,
            username=sender.username,
            language_code=sender.language_code,
        )
    )
