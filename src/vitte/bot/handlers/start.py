"""/start: the greeting, and for who is new all that is needed to begin."""

from functools import cache

from aiogram import Bot, Router
from aiogram.exceptions import TelegramBadRequest
from aiogram.filters import CommandStart
from aiogram.types import CallbackQuery, Message
from babel.units import format_unit
from dishka.integrations.aiogram import FromDishka

from vitte.assistant.service import AssistantService
from vitte.bot.asking import Asking
from vitte.bot.keyboards.start import ExampleButton, example_keyboard, example_question
from vitte.bot.menus import answer, is_same
from vitte.bot.texts import Texts
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
    asking: FromDishka[Asking],
) -> None:
    """Ask the question of a pressed button, which is then shown as if the person had written it."""
    question = example_question(callback_data.key, texts)
    if question is None or not isinstance(query.message, Message):
        await answer(query, texts.get("button-old"))
        return
    await answer(query)
    # A question is told by its message: each greeting asks one, and those of its buttons that are left go.
    try:
        await query.message.edit_reply_markup(reply_markup=None)
    except TelegramBadRequest as error:
        is_first = not is_same(error)
    else:
        is_first = True
    if is_first:
        await query.message.answer(texts.get("example-asked", question=question))
    await asking.ask_for(assistant, question, query.message, bot=bot, person=person, texts=texts)


@cache
def _days(days: int, language: str) -> str:
    return format_unit(days, "duration-day", length="long", locale=language)


def create_router() -> Router:
    """Make the router of /start."""
    router = Router(name="start")
    router.message.register(greet, CommandStart())
    router.callback_query.register(ask_example, ExampleButton.filter())
    return router
