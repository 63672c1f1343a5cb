"""Plain text: the assistant answers."""

from aiogram import Bot, Router
from aiogram.enums import ChatType
from aiogram.types import Message
from dishka.integrations.aiogram import FromDishka

from vitte.assistant.schemas import Question
from vitte.assistant.service import AssistantService
from vitte.bot.filters import IsCommand, IsQuestion
from vitte.bot.streaming import TelegramReply
from vitte.bot.texts import Texts
from vitte.core.settings.outside import AssistantSettings
from vitte.users.schemas import Person


async def answer(
    message: Message,
    bot: Bot,
    person: Person,
    texts: Texts,
    assistant: FromDishka[AssistantService],
    settings: FromDishka[AssistantSettings],
) -> None:
    """Pass a question on to the assistant, and its answer back as it grows."""
    question = Question(text=message.text or "", telegram_message_id=message.message_id)
    is_private = message.chat.type == ChatType.PRIVATE
    async with TelegramReply(
        bot,
        chat_id=message.chat.id,
        texts=texts,
        draft_id=message.message_id,
        draft_interval=settings.draft_interval,
        with_drafts=is_private,
        message_thread_id=message.message_thread_id if message.is_topic_message else None,
        # In a group, others write in between.
        reply_to_message_id=None if is_private else message.message_id,
    ) as reply:
        await assistant.answer(person.id, question, reply)


async def tell_unknown_command(message: Message, texts: Texts) -> None:
    """Say that there is no such command, instead of asking the model about it."""
    await message.answer(texts.get("unknown-command"))


async def tell_only_text(message: Message, texts: Texts) -> None:
    """Say plainly what the bot cannot take yet."""
    await message.answer(texts.get("only-text"))


def create_router() -> Router:
    """Make the router of everything that is no known command."""
    router = Router(name="chat")
    router.message.register(tell_unknown_command, IsCommand())
    router.message.register(answer, IsQuestion())
    router.message.register(tell_only_text)
    return router
