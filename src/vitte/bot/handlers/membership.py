"""A person blocks the bot, or lets it back in."""

from aiogram import Router
from aiogram.enums import ChatMemberStatus, ChatType
from aiogram.types import ChatMemberUpdated
from dishka.integrations.aiogram import FromDishka

from vitte.users.service import UserService


async def note_membership(event: ChatMemberUpdated, users: FromDishka[UserService]) -> None:
    """Keep in mind whom the bot may write to."""
    if event.chat.type == ChatType.PRIVATE:
        blocked = event.new_chat_member.status == ChatMemberStatus.KICKED
        await users.set_blocked(event.from_user.id, blocked=blocked)


def create_router() -> Router:
    """Make the router of the bot's own membership."""
    router = Router(name="membership")
    router.my_chat_member.register(note_membership)
    return router
