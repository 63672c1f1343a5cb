"""What people do with an answer: have it made once more, go on, or read aloud; and change their question."""

import structlog
from aiogram import Bot, F, Router
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import CallbackQuery, Message
from dishka.integrations.aiogram import FromDishka

from vitte.assistant.schemas import Given
from vitte.assistant.service import AssistantService
from vitte.assistant.speaking import SpeakingService
from vitte.bot.asking import Asking
from vitte.bot.filters import IsQuestion, SaysOrShows
from vitte.bot.keyboards.answer import SayButton, TurnButton
from vitte.bot.menus import answer
from vitte.bot.places import place_of
from vitte.bot.texts import Texts
from vitte.bot.voice import send_voice
from vitte.users.schemas import Person

logger = structlog.get_logger(__name__)


async def answer_again(
    query: CallbackQuery,
    callback_data: TurnButton,
    bot: Bot,
    person: Person,
    texts: Texts,
    assistant: FromDishka[AssistantService],
    asking: FromDishka[Asking],
) -> None:
    """Make the newest answer once more."""
    message = query.message
    if not isinstance(message, Message):
        await answer(query, texts.get("button-old"))
        return
    await answer(query)
    async with asking.reply(message, bot=bot, texts=texts, question=callback_data.question) as reply:
        is_newest = await assistant.answer_again(
            person,
            question_message_id=callback_data.question,
            answer_message_id=message.message_id,
            reply=reply,
            place=place_of(message),
        )
    if not is_newest:
        await message.answer(texts.get("only-newest-answer"))


async def answer_more(
    query: CallbackQuery,
    bot: Bot,
    person: Person,
    texts: Texts,
    assistant: FromDishka[AssistantService],
    asking: FromDishka[Asking],
) -> None:
    """Go on with an answer that ended before its end."""
    if not isinstance(query.message, Message):
        await answer(query, texts.get("button-old"))
        return
    await answer(query)
    await asking.ask_for(
        assistant, texts.get("question-more"), query.message, bot=bot, person=person, texts=texts
    )


async def say(
    query: CallbackQuery, bot: Bot, person: Person, texts: Texts, speaking: FromDishka[SpeakingService]
) -> None:
    """Read an answer aloud."""
    message = query.message
    if not isinstance(message, Message) or not message.text:
        await answer(query, texts.get("button-old"))
        return
    await answer(query)
    given = Given(text=message.text, message_id=message.message_id)
    try:
        await send_voice(bot, message, given, person, speaking)
    except TelegramBadRequest as error:
        # Who takes no voice messages is told; to try again would only be paid again.
        logger.info("answer_not_spoken", reason=error.message)
        await message.answer(texts.get("error-not-spoken"))


async def answer_edited(
    message: Message,
    bot: Bot,
    person: Person,
    texts: Texts,
    assistant: FromDishka[AssistantService],
    asking: FromDishka[Asking],
) -> None:
    """Answer a question that was changed."""
    await asking.ask_edited(assistant, message, bot=bot, person=person, texts=texts)


def create_router() -> Router:
    """Make the router of what is done with answers."""
    router = Router(name="answers")
    router.callback_query.register(answer_again, TurnButton.filter(F.action == "again"))
    router.callback_query.register(answer_more, TurnButton.filter(F.action == "more"))
    router.callback_query.register(say, SayButton.filter())
    router.edited_message.register(answer_edited, SaysOrShows(), IsQuestion())
    return router
