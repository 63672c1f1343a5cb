"""From what people send or press to the assistant, and its answer back."""

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

import structlog
from aiogram import Bot
from aiogram.enums import ChatType
from aiogram.exceptions import TelegramAPIError
from aiogram.types import InlineKeyboardMarkup, Message

from vitte.assistant.schemas import Edited, Given, Question
from vitte.assistant.service import AssistantService
from vitte.assistant.speaking import SpeakingService
from vitte.bot.input.questions import QuestionReader
from vitte.bot.input.resolving import InputResolver
from vitte.bot.keyboards.answer import answer_keyboard
from vitte.bot.places import place_of, topic_of
from vitte.bot.streaming import TelegramReply
from vitte.bot.texts import Texts
from vitte.bot.voice import send_voice
from vitte.core.errors import VitteError
from vitte.core.settings.outside import AssistantSettings
from vitte.users.schemas import Person

logger = structlog.get_logger(__name__)

_LONGEST_NAME = 64


class Asking:
    """Asks the assistant in the chat, and the topic, of a message. Lives as long as its process."""

    def __init__(
        self,
        settings: AssistantSettings,
        questions: QuestionReader,
        resolver: InputResolver,
        speaking: SpeakingService,
    ) -> None:
        self._settings = settings
        self._questions = questions
        self._resolver = resolver
        self._speaking = speaking

    async def ask(
        self, assistant: AssistantService, message: Message, *, bot: Bot, person: Person, texts: Texts
    ) -> None:
        """Ask what a message says, or shows, or holds."""
        async with self.reply(message, bot=bot, texts=texts) as reply:
            question = await self._read(assistant, message, bot=bot, person=person, texts=texts)
            if question is None:
                return
            given = await assistant.answer(person, question, reply, place=place_of(message))
        await self._speak(given, message, bot=bot, person=person)

    async def ask_edited(
        self, assistant: AssistantService, message: Message, *, bot: Bot, person: Person, texts: Texts
    ) -> None:
        """Ask what a message says by now, if nothing was asked since; else it is only history."""
        async with self.reply(message, bot=bot, texts=texts) as reply:
            question = await self._read(
                assistant, message, bot=bot, person=person, texts=texts, is_edited=True
            )
            if question is None:
                return
            edited = Edited(
                user_id=person.id, question=question, place=place_of(message), at=_edited_at(message)
            )
            await assistant.answer_edited(person, edited, reply)

    async def ask_for(
        self,
        assistant: AssistantService,
        words: str,
        message: Message,
        *,
        bot: Bot,
        person: Person,
        texts: Texts,
    ) -> None:
        """Ask in the words of a pressed button. Its message stands for the question, and so asks one."""
        question = Question(text=words, telegram_message_id=message.message_id)
        async with self.reply(message, bot=bot, texts=texts) as reply:
            given = await assistant.answer(person, question, reply, place=place_of(message))
        await self._speak(given, message, bot=bot, person=person)

    def reply(
        self, message: Message, *, bot: Bot, texts: Texts, question: int | None = None
    ) -> TelegramReply:
        """Return a reply to where a message is.

        `question` is the message id of the question, if another than that of `message`; a draft has it too,
        which is how stopping it finds the answer. In a group the answer replies to its question, for others
        write there in between, and has no buttons, which anybody could press.
        """
        is_private = message.chat.type == ChatType.PRIVATE
        question = message.message_id if question is None else question
        return TelegramReply(
            bot,
            chat_id=message.chat.id,
            texts=texts,
            draft_id=question,
            draft_interval=self._settings.draft_interval,
            with_drafts=is_private,
            message_thread_id=topic_of(message),
            reply_to_message_id=None if is_private else question,
            keyboard=partial(self._buttons, texts, question) if is_private else None,
            load_images=partial(self._resolver.load_images, bot=bot),
        )

    async def _read(
        self,
        assistant: AssistantService,
        message: Message,
        *,
        bot: Bot,
        person: Person,
        texts: Texts,
        is_edited: bool = False,
    ) -> Question | None:
        place = place_of(message)
        room = None
        if not message.text:
            stored = await assistant.find_question(person, message.message_id, place=place)
            if is_edited and (stored is None or not stored.is_newest):
                return None
            if stored is not None and not is_edited:
                # Handled again: to hear and read it once more would be paid, and told, once more.
                return stored.question
            # Whoever only writes needs no room for files.
            room = await assistant.room_for_files(person)
        question = await self._questions.question_of(
            message, bot=bot, user_id=person.id, texts=texts, room=room, place=place
        )
        if question is None or place is None or not place.is_shared:
            return question
        return replace(question, author=person.first_name[:_LONGEST_NAME])

    async def _speak(self, given: Given | None, message: Message, *, bot: Bot, person: Person) -> None:
        """Read an answer aloud to who wants that. They have it in writing: no fault of this is told."""
        if given is None or not person.settings.speaks or not self._speaking.is_possible:
            return
        try:
            await send_voice(bot, message, given, person, self._speaking)
        except (VitteError, TelegramAPIError) as error:
            logger.info("answer_not_spoken", reason=str(error))

    def _buttons(self, texts: Texts, question: int, cut_by: VitteError | None) -> InlineKeyboardMarkup:
        return answer_keyboard(
            texts, question=question, is_cut=cut_by is not None, can_speak=self._speaking.is_possible
        )


def _edited_at(message: Message) -> datetime:
    """Return when a message was changed, in seconds: two changes within one are one to us."""
    if message.edit_date is None:
        return message.date
    return datetime.fromtimestamp(message.edit_date, UTC)
