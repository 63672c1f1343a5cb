"""What people ask, in words or otherwise: the assistant answers."""

from aiogram import Bot, Router
from aiogram.types import Message
from dishka.integrations.aiogram import FromDishka

from vitte.assistant.service import AssistantService
from vitte.bot.asking import Asking
from vitte.bot.filters import IsCommand, IsQuestion
from vitte.bot.input.reading import not_taken
from vitte.bot.texts import Texts
from vitte.users.schemas import Person


async def answer(
    message: Message,
    bot: Bot,
    person: Person,
    texts: Texts,
    assistant: FromDishka[AssistantService],
    asking: FromDishka[Asking],
) -> None:
    """Pass a question on to the assistant, and its answer back as it grows."""
    await asking.ask(assistant, message, bot=bot, person=person, texts=texts)


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
