"""/stop, /cancel and Telegram's own button: no more of this answer."""

from aiogram import Bot, Router
from aiogram.filters import Command
from aiogram.types import Message, MessageGenerationStopped, Update
from dishka.integrations.aiogram import FromDishka

from vitte.assistant.stops import StopService
from vitte.bot.addressing import asks
from vitte.bot.filters import IsQuestion
from vitte.bot.keyboards.answer import asked_by_button
from vitte.bot.places import place_of
from vitte.bot.texts import Texts
from vitte.core.json import loads
from vitte.inbox.service import InboxService
from vitte.users.schemas import Person


async def stop_by_button(
    event: MessageGenerationStopped, person: Person, stops: FromDishka[StopService]
) -> None:
    """Stop the answer whose draft had the button; a draft has the id of its question."""
    await stops.stop(person.id, event.draft_id)


async def stop_by_command(
    message: Message,
    bot: Bot,
    event_update: Update,
    person: Person,
    texts: Texts,
    inbox: FromDishka[InboxService],
    stops: FromDishka[StopService],
) -> None:
    """Stop the answer that was under way when this was written, or say that there was none.

    The inbox knows of it, whichever process is at it. A question without an answer would not do to tell:
    it may be one that no model answered.
    """
    busy_with = await inbox.busy_with(bot.id, event_update.update_id)
    question_id = await _find_question(busy_with, asked_by=person.telegram_id)
    if question_id is None or not await stops.stop(
        person.id, question_id, asked_by=message.message_id, place=place_of(message)
    ):
        await message.answer(texts.get("nothing-to-stop"))


async def _find_question(payload: str | None, *, asked_by: int) -> int | None:
    """Return the question that a stored update asks, by its message id, if this person asks one there.

    What others of a group ask is theirs to stop.
    """
    if payload is None:
        return None
    try:
        update = Update.model_validate(loads(payload))
    except ValueError:
        return None
    if update.callback_query is not None:
        is_theirs = update.callback_query.from_user.id == asked_by
        return asked_by_button(update.callback_query) if is_theirs else None
    message = update.message or update.edited_message
    if message is None or message.from_user is None or message.from_user.id != asked_by:
        return None
    if not (asks(message) or await IsQuestion()(message)):
        return None
    return message.message_id


def create_router() -> Router:
    """Make the router of stopping."""
    router = Router(name="stop")
    router.stopped_message_generation.register(stop_by_button)
    router.message.register(stop_by_command, Command("stop", "cancel", ignore_case=True))
    return router
