"""/start: the greeting, and for who is new all that is needed to begin."""

import contextlib
from functools import cache

from aiogram import Bot, Router
from aiogram.exceptions import TelegramBadRequest
from aiogram.filters import CommandStart
from aiogram.types import CallbackQuery, Message
from babel.units import format_unit
from dishka.integrations.aiogram import FromDishka

from vitte.assistant.schemas import Question
from vitte.assistant.service import AssistantService
from vitte.bot.keyboards.start import ExampleButton, example_keyboard, example_question
from vitte.bot.menus import answer, chat_of
from vitte.bot.streaming import TelegramReply
from vitte.bot.texts import Texts
from vitte.core.settings.outside import AssistantSettings
from vitte.core.settings.processes import WorkerSettings
from vitte.users.schemas import Person


async def greet(message: Message, person: Person, texts: Texts, worker: FromDishka[WorkerSettings]) -> None:
    """Greet a person by name; they have been registered on the way here.

    Who is new also learns what becomes of their words, and gets something to press.
    """
    greeting = texts.get("greeting", name=person.first_name)
    if not person.is_new:
        await message.answer(greeting)
        return
    privacy = texts.get("privacy", days=_days(worker.message_retention_days, texts.language))
    begin = texts.get("examples")
    await message.answer(f"{greeting}\n\n{privacy}\n\n{begin}", reply_markup=example_keyboard(texts))


async def ask_example(
    query: CallbackQuery,
    callback_data: ExampleButton,
    bot: Bot,
    person: Person,
    texts: Texts,
    assistant: FromDishka[AssistantService],
    settings: FromDishka[AssistantSettings],
) -> None:
    """Ask the question of a pressed button, which is then shown as if the person had written it."""
    question = example_question(callback_data.key, texts)
    if question is None or query.message is None:
        await answer(query, texts.get("button-old"))
        return
    await answer(query)
    # A question is told by its message: each greeting asks one, and those of its buttons that are left go.
    if isinstance(query.message, Message):
        with contextlib.suppress(TelegramBadRequest):
            await query.message.edit_reply_markup(reply_markup=None)
    await bot.send_message(chat_of(query), texts.get("example-asked", question=question))
    await ask(query, question, bot=bot, person=person, texts=texts, assistant=assistant, settings=settings)


async def ask(
    query: CallbackQuery,
    question: str,
    *,
    bot: Bot,
    person: Person,
    texts: Texts,
    assistant: AssistantService,
    settings: AssistantSettings,
) -> None:
    """Pass a question on to the assistant that has the id of the button's message, and its answer back."""
    if query.message is None:
        return
    message_id = query.message.message_id
    async with TelegramReply(
        bot,
        chat_id=chat_of(query),
        texts=texts,
        draft_id=message_id,
        draft_interval=settings.draft_interval,
    ) as reply:
        await assistant.answer(person.id, Question(text=question, telegram_message_id=message_id), reply)


@cache
def _days(days: int, language: str) -> str:
    return format_unit(days, "duration-day", length="long", locale=language)


def create_router() -> Router:
    """Make the router of /start."""
    router = Router(name="start")
    router.message.register(greet, CommandStart())
    router.callback_query.register(ask_example, ExampleButton.filter())
    return router
