"""What people ask, in words or otherwise: the assistant answers."""

from aiogram import Bot, Router
from aiogram.enums import ChatType
from aiogram.types import Message
from dishka.integrations.aiogram import FromDishka

from vitte.assistant.errors import ModelCannotSeeError
from vitte.assistant.service import AssistantService
from vitte.bot.filters import IsCommand, IsQuestion
from vitte.bot.input.questions import QuestionReader
from vitte.bot.input.reading import not_taken
from vitte.bot.streaming import TelegramReply
from vitte.bot.texts import Texts
from vitte.core.settings.outside import AssistantSettings
from vitte.users.schemas import Person

_ROOM_FOR_FILES = 6000
"""Tokens of a context that what is read of files may take."""


async def answer(
    message: Message,
    bot: Bot,
    person: Person,
    texts: Texts,
    assistant: FromDishka[AssistantService],
    questions: FromDishka[QuestionReader],
    settings: FromDishka[AssistantSettings],
) -> None:
    """Pass a question on to the assistant, and its answer back as it grows."""
    async with TelegramReply(
        bot,
        chat_id=message.chat.id,
        texts=texts,
        draft_id=message.message_id,
        draft_interval=settings.draft_interval,
        with_drafts=message.chat.type == ChatType.PRIVATE,
    ) as reply:
        question = await questions.question_of(
            message, bot=bot, user_id=person.id, texts=texts, room=_ROOM_FOR_FILES
        )
        if question is None:
            return
        if question.images:
            raise ModelCannotSeeError
        await assistant.answer(person.id, question, reply)


async def tell_unknown_command(message: Message, texts: Texts) -> None:
    """Say that there is no such command, instead of asking the model about it."""
    await message.answer(texts.get("unknown-command"))


async def tell_not_taken(message: Message, texts: Texts) -> None:
    """Say plainly what the bot cannot take, by its name. What Telegram itself says asks nothing."""
    if (kind := not_taken(message)) is not None:
        await message.answer(texts.get("not-taken", what=texts.get(f"not-taken-{kind}")))


def create_router() -> Router:
    """Make the router of everything that is no known command."""
    router = Router(name="chat")
    router.message.register(tell_unknown_command, IsCommand())
    router.message.register(answer, IsQuestion())
    router.message.register(tell_not_taken)
    return router
