"""A turn of the conversation: store the question, stream the answer, store it, send it."""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Any

import structlog
from babel.dates import format_date

from vitte.assistant.context import Frame, QuestionTooLongError, budget, compose, shortened
from vitte.assistant.errors import ModelCannotSeeError
from vitte.assistant.generation import AnswerMaker, Brief, Made
from vitte.assistant.models import Chosen, ModelChooser
from vitte.assistant.places import Place
from vitte.assistant.running import RunningAnswers
from vitte.assistant.schemas import (
    Answer,
    Asked,
    Edited,
    Given,
    Question,
    Reply,
    StoredQuestion,
    Turn,
)
from vitte.assistant.tools.schemas import ToolContext
from vitte.assistant.turns import TurnStore
from vitte.catalogue.service import CatalogueService
from vitte.clients.llm.protocol import Image
from vitte.core.clock import Clock
from vitte.core.errors import VitteError
from vitte.core.job_names import LATER_QUEUE, SUMMARISE_DIALOG, TITLE_DIALOG
from vitte.core.settings.outside import AssistantSettings
from vitte.db.outages import outlast
from vitte.memory.notes import memory_note
from vitte.memory.service import MemoryService
from vitte.users.schemas import Person

logger = structlog.get_logger(__name__)

_SUMMARISE_AT = 0.7
"""Of the budget: what is said meanwhile has the rest."""
_KEEP = 0.3
"""Of the budget, that stays as it was said."""
_MAX_KNOWN = 2000
"""Tokens that a dialog's summary and what is remembered of the person may take together."""
_MAX_IMAGES = 4
"""Pictures of earlier messages that a model is shown again."""


class AssistantService:
    """Answers people. No connection to the database is held while the model is thinking."""

    def __init__(
        self,
        turns: TurnStore,
        running: RunningAnswers,
        maker: AnswerMaker,
        models: ModelChooser,
        catalogue: CatalogueService,
        memory: MemoryService,
        clock: Clock,
        settings: AssistantSettings,
    ) -> None:
        self._turns = turns
        self._running = running
        self._maker = maker
        self._models = models
        self._catalogue = catalogue
        self._memory = memory
        self._clock = clock
        self._settings = settings

    async def answer(
        self, person: Person, question: Question, reply: Reply, *, place: Place | None = None
    ) -> Given | None:
        """Answer the question through `reply`, as far as the person wants it; None if they have the answer.

        May be repeated after a crash: what is stored is not stored again, an answer that exists is not
        asked for again, one that was sent is not sent again, and one that was stopped stays so. Raises
        LlmError, LimitReachedError or AnswerStoppedError when there is nothing to send; the question is kept.
        Raises QuestionTooLongError and ModelCannotSeeError, and then keeps nothing.
        """
        chosen = await self._models.choose(person.settings.model, plan=person.plan)
        if question.images and not chosen.model.sees_images:
            raise ModelCannotSeeError(chosen.model.name, model=chosen.model.name)
        persona = await self._catalogue.persona(person.settings.persona)
        frame = self._frame(persona.prompt)
        asked = Asked(
            user_id=person.id,
            question=question,
            place=place,
            persona=persona.key,
            budget=_room(chosen, frame),
            room_for_facts=self._room_for_facts(person, place),
        )
        if question.tokens > asked.budget:
            raise QuestionTooLongError(tokens=question.tokens, limit=asked.budget)
        # Within reach before anything is read: a stop is either read of now or heard of later.
        with self._running.begin(person.id, question.telegram_message_id) as running:
            turn = await self._turns.begin(asked)
            if turn.is_stopped:
                running.stop()
            answer = turn.answer
            if answer is not None and answer.is_sent:
                return None
            cut_by: VitteError | None = None
            if answer is not None:
                answer_id, content = answer.id, answer.text
            else:
                if turn.persona not in (None, persona.key):
                    # The dialog goes on as it began, whatever was chosen for new ones since.
                    frame = self._frame((await self._catalogue.persona(turn.persona)).prompt)
                    turn = shortened(turn, _room(chosen, frame))
                if asked.room_for_facts:
                    facts = await self._memory.recall(person.id, question.text, turn.known)
                    frame = frame.with_note(memory_note(facts))
                brief = await self._brief(person, turn, frame, chosen, place, reply)
                made = await self._maker.make(brief, reply, running)
                content, cut_by = made.text, made.cut_by
                answer_id = await self._save(person, asked, turn, made, place)
            message_id = await reply.send(content, cut_by=cut_by)
            # To read it aloud takes its time.
            at_once = person.settings.speaks
            await outlast(lambda: self._turns.mark_sent(answer_id, message_id, at_once=at_once))
            return Given(text=content, message_id=message_id)

    async def room_for_files(self, person: Person) -> int:
        """Return how many tokens the words of files may take in a question of this person's.

        Half of what there is: there are the question itself, and what was said before.
        """
        chosen = await self._models.choose(person.settings.model, plan=person.plan)
        return _room(chosen, self._frame("")) // 2

    async def find_question(
        self, person: Person, message_id: int, *, place: Place | None = None
    ) -> StoredQuestion | None:
        """Return the question of the present dialog that was asked by this message, if it is stored."""
        return await self._turns.find(person.id, message_id, place)

    async def answer_edited(
        self,
        person: Person,
        edited: Edited,
        reply: Reply,
    ) -> bool:
        """Answer a question that was changed, if it is the newest of its dialog; tell whether it is so.

        May be repeated as `answer` may, and raises the same.
        """
        question = await self._turns.edit(edited)
        if question is None:
            return False
        await self.answer(person, question, reply, place=edited.place)
        return True

    async def answer_again(
        self,
        person: Person,
        *,
        question_message_id: int,
        answer_message_id: int,
        reply: Reply,
        place: Place | None = None,
    ) -> bool:
        """Make the answer that was sent as this message once more, if it is the newest; tell whether it is.

        May be repeated as `answer` may, and raises the same; the dialog then goes on from the old answer.
        """
        taken = await self._turns.take_back(person.id, question_message_id, answer_message_id)
        if taken is None:
            return False
        try:
            await self.answer(person, taken.question, reply, place=place)
        except VitteError:
            await outlast(lambda: self._turns.put_back(taken))
            raise
        return True

    def _room_for_facts(self, person: Person, place: Place | None) -> int:
        if not person.settings.remembers or (place is not None and place.is_shared):
            return 0
        return self._memory.room

    def _frame(self, prompt: str) -> Frame:
        frame = Frame(system_prompt=self._settings.system_prompt)
        return frame.with_note(prompt).with_note(f"Today is {_in_words(self._clock.now().date())} (UTC).")

    async def _brief(
        self,
        person: Person,
        turn: Turn,
        frame: Frame,
        chosen: Chosen,
        place: Place | None,
        reply: Reply,
    ) -> Brief:
        images = await self._load_images(turn, reply) if chosen.model.sees_images else {}
        tools = None
        if chosen.model.uses_tools:
            tools = ToolContext(
                user_id=person.id,
                telegram_id=person.telegram_id,
                plan=person.plan,
                language=person.language_code or "",
                chat_id=person.telegram_id if place is None else place.chat_id,
                topic_id=None if place is None else place.topic_id or None,
                is_group=place is not None and place.is_shared,
            )
        return Brief(
            user_id=person.id,
            plan=person.plan,
            dialog_id=turn.dialog_id,
            model=chosen.chat,
            prices=chosen.prices,
            max_tokens=chosen.max_tokens,
            messages=compose(turn, frame, images),
            tools=tools,
        )

    async def _load_images(self, turn: Turn, reply: Reply) -> Mapping[str, Image]:
        """Fetch the question's pictures, and the newest of those before. Raises VitteError."""
        *earlier, question = turn.context
        before = [image for said in earlier for image in said.images]
        wanted = [*before[-_MAX_IMAGES:], *question.images]
        return await reply.load_images(wanted) if wanted else {}

    async def _save(self, person: Person, asked: Asked, turn: Turn, made: Made, place: Place | None) -> int:
        orders: list[tuple[str, dict[str, Any]]] = []
        if turn.is_first and (place is None or not place.is_shared):
            orders.append((TITLE_DIALOG, {"dialog_id": turn.dialog_id}))
        if self._is_long(turn, asked) and self._turns.wants_summary(turn):
            how = {
                "queue": LATER_QUEUE,
                "unique_key": str(turn.dialog_id),
                "dialog_id": turn.dialog_id,
                "user_id": person.id,
                "keep_tokens": int(_KEEP * asked.budget),
            }
            orders.append((SUMMARISE_DIALOG, how))
        teaches = (
            person.settings.remembers
            and (place is None or not place.is_shared)
            and self._memory.wants_to_learn(person.id, asked.question.text)
        )
        answer = Answer(
            turn=turn,
            text=made.text,
            model=made.model,
            orders=tuple(orders),
            taught_by=asked if teaches else None,
            used=made.used,
        )
        return await outlast(lambda: self._turns.save_answer(answer))

    def _is_long(self, turn: Turn, asked: Asked) -> bool:
        """Tell whether a summary is due: soon, or with the next question, something could not be shown."""
        with_the_next = len(turn.context) + 2  # the answer to this one, and the next itself
        is_nearly_full = turn.unsummarised > _SUMMARISE_AT * asked.budget
        return is_nearly_full or with_the_next > self._settings.context_messages


@lru_cache(maxsize=2)
def _in_words(day: date) -> str:
    return format_date(day, format="full", locale="en")


def _room(chosen: Chosen, frame: Frame) -> int:
    """Return the tokens of the model's context that are there for what was said."""
    window = chosen.window
    kept_free = frame.tokens + min(_MAX_KNOWN, window // 4)
    return budget(window=window, max_tokens=chosen.max_tokens, kept_free=kept_free)
