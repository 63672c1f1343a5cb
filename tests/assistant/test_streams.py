"""Many answers at once."""

import asyncio

from dishka import AsyncContainer
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import QueuePool

from tests.patience import PATIENCE
from tests.replies import SomeReply
from vitte.assistant.schemas import Question
from vitte.assistant.service import AssistantService
from vitte.core.settings import Settings
from vitte.main.container import make_container
from vitte.sandbox.llm import Script
from vitte.users.schemas import TelegramProfile
from vitte.users.service import UserService

PEOPLE = 300
POOL = 5


async def ask(container: AsyncContainer, number: int) -> SomeReply:
    reply = SomeReply()
    async with container() as request:
        users = await request.get(UserService)
        person = await users.meet(TelegramProfile(telegram_id=1000 + number, first_name="A"))
        assistant = await request.get(AssistantService)
        await assistant.answer(person, Question(text=f"{number}", telegram_message_id=1), reply)
    return reply


async def test_three_hundred_answers_stream_at_once_and_hold_none_of_five_connections(
    settings: Settings, model: Script
) -> None:
    settings.database.pool_size = POOL
    container = make_container(settings, process="bot")
    pool = (await container.get(AsyncEngine)).pool
    assert isinstance(pool, QueuePool)
    model.hold_after(1)
    asked = [asyncio.ensure_future(ask(container, number)) for number in range(PEOPLE)]  # noqa: TID251 - awaited below
    async with asyncio.timeout(PATIENCE):
        while model.going_on < PEOPLE or pool.checkedout():  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.02)
    assert not any(task.done() for task in asked)
    model.holds_after = None
    model.go_on.set()
    replies = await asyncio.gather(*asked)
    assert [reply.sent for reply in replies] == [[(f"You said: {number}", None)] for number in range(PEOPLE)]
    assert pool.size() == POOL
    assert pool.overflow() <= 0
    await container.close()
