"""What people see of an answer while it is made."""

from collections.abc import AsyncGenerator
from typing import Any

from dishka import AsyncContainer

from tests.replies import SomeReply
from vitte.assistant.generation import AnswerMaker, Brief
from vitte.assistant.running import RunningAnswers
from vitte.clients.llm.protocol import Chunk
from vitte.usage.prices import Price
from vitte.users.schemas import TelegramProfile
from vitte.users.service import UserService


class InPieces:
    """A model whose answer comes in just these pieces."""

    name = "scripted"

    def __init__(self, *pieces: Chunk) -> None:
        self._pieces = pieces

    async def stream(self, *_args: Any, **_options: Any) -> AsyncGenerator[Chunk]:
        for piece in self._pieces:
            yield piece

    async def close(self) -> None:
        """There is nothing to close."""


async def test_the_end_of_an_answer_is_sent_without_being_shown_before(container: AsyncContainer) -> None:
    async with container() as request:
        person = await (await request.get(UserService)).meet(TelegramProfile(telegram_id=1, first_name="A"))
        brief = Brief(
            user_id=person.id,
            plan=person.plan,
            dialog_id=1,
            model=InPieces(Chunk(text="He"), Chunk(text="llo"), Chunk(text="!", finish_reason="stop")),
            prices={"scripted": Price()},
            max_tokens=10,
            messages=[],
            tools=None,
        )
        chat, maker = SomeReply(), await container.get(AnswerMaker)
        with RunningAnswers().begin(person.id, 1) as running:
            made = await maker.make(brief, chat, running)
    assert made.text == "Hello!"
    assert chat.drafts == ["He", "Hello"]
