"""What a bot learns about chats and people."""

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest

from vitte.sandbox.client import SandboxPerson


async def test_chat_is_described(bot: Bot, anna: SandboxPerson) -> None:
    chat = await bot.get_chat(anna.id)
    assert (chat.type, chat.first_name, chat.username) == ("private", "Anna", "anna")
    assert chat.active_usernames == ["anna"]
    with pytest.raises(TelegramBadRequest, match="chat not found"):
        await bot.get_chat(5)


async def test_people_have_no_profile_photos(bot: Bot, anna: SandboxPerson) -> None:
    photos = await bot.get_user_profile_photos(anna.id)
    assert (photos.total_count, photos.photos) == (0, [])


async def test_closing_and_logging_out_are_agreed_to(bot: Bot) -> None:
    assert await bot.close()
    assert await bot.log_out()
