"""People who ask numbered questions."""

import asyncio
import itertools
from dataclasses import dataclass

from vitte.core.clock import utc_now
from vitte.sandbox.entities.format import plain_text
from vitte.sandbox.model import Json, Person
from vitte.sandbox.testing import RunningSandbox

BOT_ID = 42


@dataclass(frozen=True, slots=True)
class Asked:
    """A question: `at` is Unix time in seconds."""

    number: int
    chat_id: int
    at: float


class Crowd:
    """The people of one sandbox; every question of theirs has a number that its answer repeats.

    They act inside the sandbox's own process: that costs the measured bot less than HTTP.
    """

    def __init__(self, sandbox: RunningSandbox) -> None:
        self.asked: list[Asked] = []
        self._sandbox = sandbox.sandbox
        self._numbers = itertools.count(1)

    def join(self, count: int) -> list[Person]:
        """Let new people in."""
        world = self._sandbox.world
        return [
            world.add_person(first_name=f"Person {number}", last_name=None, username=None, language_code="en")
            for number in range(count)
        ]

    def ask(self, person: Person, *, words: int = 0) -> Asked:
        """Ask a question that is `words` words longer than its number."""
        asked, text = self._next(person, words)
        self._sandbox.people.write(person.id, BOT_ID, text)
        return asked

    def prepare_question(self, person: Person) -> Json:
        """Ask a question, and return its update instead of queueing it."""
        return self._prepare(person, self._next(person, 0)[1])

    def prepare_start(self, person: Person) -> Json:
        """Press /start, and return the update instead of queueing it."""
        return self._prepare(person, "/start")

    async def ask_in_turn(self, people: list[Person], *, rate: float, count: int) -> list[Asked]:
        """Ask `count` questions, `rate` of them a second, the people taking turns, answered or not."""
        loop = asyncio.get_running_loop()
        begin, asked = loop.time(), []
        for index, person in zip(range(count), itertools.cycle(people), strict=False):
            await asyncio.sleep(max(0.0, begin + index / rate - loop.time()))
            asked.append(self.ask(person))
        return asked

    def _next(self, person: Person, words: int) -> tuple[Asked, str]:
        asked = Asked(next(self._numbers), person.id, utc_now().timestamp())
        self.asked.append(asked)
        return asked, " ".join([f"q{asked.number}", *["word"] * words])

    def _prepare(self, person: Person, text: str) -> Json:
        world = self._sandbox.world
        chat = world.private_chat(world.bot(BOT_ID), person)
        chat.started = True
        formatted = plain_text(text)
        message = world.new_message(chat, from_bot=False, text=formatted.text, entities=formatted.entities)
        return {"message": world.telegram_message(message)}
