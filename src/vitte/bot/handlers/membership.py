"""A person blocks the bot, or lets it back in; a group takes it in, or puts it out."""

import structlog
from aiogram import Bot, Router
from aiogram.enums import ChatMemberStatus, ChatType
from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError
from aiogram.types import ChatMemberUpdated
from dishka.integrations.aiogram import FromDishka

from vitte.bot.texts import texts_for
from vitte.core.settings.outside import AssistantSettings
from vitte.users.service import UserService

logger = structlog.get_logger(__name__)

_OUTSIDE = (ChatMemberStatus.LEFT, ChatMemberStatus.KICKED)


async def note_membership(
    event: ChatMemberUpdated,
    bot: Bot,
    users: FromDishka[UserService],
    settings: FromDishka[AssistantSettings],
) -> None:
    """Keep in mind whom the bot may write to, and greet a group that took it in."""
    if event.chat.type == ChatType.PRIVATE:
        blocked = event.new_chat_member.status == ChatMemberStatus.KICKED
        await users.set_blocked(event.from_user.id, blocked=blocked)
    elif event.chat.type in (ChatType.GROUP, ChatType.SUPERGROUP) and _was_taken_in(event):
        key = "group-hello" if settings.groups else "group-forbidden"
        name = (await bot.me()).username
        try:
            await bot.send_message(event.chat.id, texts_for(event.from_user.language_code).get(key, bot=name))
        except (TelegramForbiddenError, TelegramBadRequest) as error:
            # Put out again, or not allowed to write: it was a greeting and no more.
            logger.info("group_not_greeted", chat_id=event.chat.id, reason=error.message)


def _was_taken_in(event: ChatMemberUpdated) -> bool:
    return event.old_chat_member.status in _OUTSIDE and event.new_chat_member.status not in _OUTSIDE


def create_router() -> Router:
    """Make the router of the bot's own membership."""
    router = Router(name="membership")
    router.my_chat_member.register(note_membership)
    return router
