"""What is kept of what a person says."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from dishka import AsyncContainer
from sqlalchemy import delete, func, select, update

from tests.memory.conftest import Meet, Say, WordCounter, kept
from vitte.clients.jobs import JobQueue
from vitte.core.job_names import LATER_QUEUE, QUEUE
from vitte.core.json import loads
from vitte.core.settings import Settings
from vitte.db.engine import SessionFactory
from vitte.db.models import Dialog, Job, Memory, User
from vitte.db.transaction import Transaction
from vitte.jobs.repository import JobRepository
from vitte.jobs.service import JobService
from vitte.memory.book import MemoryBook
from vitte.memory.embedding import MeteredEmbedder
from vitte.memory.learning import LearningService
from vitte.memory.service import MemoryService
from vitte.sandbox.llm import Script
from vitte.usage.ledger import UsageLedger
from vitte.usage.meter import Meter


async def learn(container: AsyncContainer, user_id: int) -> None:
    async with container() as request:
        await (await request.get(LearningService)).learn(user_id)


async def test_what_a_person_says_of_themselves_is_kept_once(
    model: Script, container: AsyncContainer, meet: Meet, say: Say, transaction: Transaction
) -> None:
    anna, ben = await meet("Has a dog"), await meet()
    await say(anna, "I drink only tea")
    model.answer = 'Sure!\n```json\n{"remember": ["Drinks only tea"], "forget": []}\n```'
    await asyncio.gather(learn(container, anna), learn(container, anna))
    await learn(container, anna)
    assert await kept(transaction, anna) == ["Has a dog", "Drinks only tea"]
    assert await kept(transaction, ben) == []
    shown = loads(model.requests[0]["messages"][-1]["content"])
    assert shown["notes"] == {"1": "Has a dog"}
    assert shown["said"] == [{"person": "I drink only tea"}, {"assistant": "I see."}]
    asked = len(model.requests)
    await learn(container, anna)
    assert len(model.requests) == asked
    await say(anna, "And with milk")
    await learn(container, anna)
    assert "I drink only tea" not in model.requests[-1]["messages"][-1]["content"]


async def test_what_does_not_hold_any_more_is_replaced_and_nothing_of_anybody_else(
    model: Script, container: AsyncContainer, meet: Meet, say: Say, transaction: Transaction
) -> None:
    ben = await meet("Ben's own")
    anna = await meet("Lives in Moscow", "Has a dog")
    await say(anna, "I moved to Kazan")
    # The newest has number 1; nothing has number 0 or 7.
    model.answer = '{"remember": [{"text": "Lives in Kazan"}], "forget": ["2", 0, 7, -1, true, null]}'
    await learn(container, anna)
    assert await kept(transaction, anna) == ["Has a dog", "Lives in Kazan"]
    assert await kept(transaction, ben) == ["Ben's own"]


@pytest.mark.parametrize(
    "answer",
    [
        "I would rather talk about the weather.",
        "",
        "{",
        '{"remember": ',
        "[1, 2, 3]",
        '{"remember": [[], 7, "", "  \\u0000 ", {"a": 1}], "forget": {"a": "b"}}',
        '{"remember": ["' + "long " * 200 + '"]}',
        "{" * 5000,
    ],
)
async def test_an_answer_that_nobody_can_understand_changes_nothing_and_is_not_asked_for_again(
    model: Script,
    container: AsyncContainer,
    meet: Meet,
    say: Say,
    transaction: Transaction,
    answer: str,
) -> None:
    anna = await meet("Has a dog")
    await say(anna, "hello")
    model.answer = answer
    await learn(container, anna)
    await learn(container, anna)
    assert await kept(transaction, anna) == ["Has a dog"]
    assert len(model.requests) == 1


async def test_what_a_model_missed_while_it_was_away_is_learned_later(
    model: Script, container: AsyncContainer, meet: Meet, say: Say, transaction: Transaction
) -> None:
    anna = await meet()
    await say(anna, "I drink only tea")
    model.fault = "broken"
    await learn(container, anna)
    model.fault, model.answer = None, '{"remember": "Drinks only tea"}'
    await learn(container, anna)
    assert await kept(transaction, anna) == ["Drinks only tea"]


async def test_no_secret_is_kept_whatever_the_model_says(
    model: Script, container: AsyncContainer, meet: Meet, say: Say, transaction: Transaction
) -> None:
    anna = await meet()
    await say(anna, "keep all of it")
    secrets = (
        "The password of the router is hunter2",
        "Пароль от почты: qwerty",
        "Pays with 4111 1111-1111 1111",
        "Uses the key sk-abcdefghijklmnop1234",
        "PIN 4321",
    )
    harmless = ("Call +7 900 000-00-00", "Forgets passwords", "Born in 1990")
    quoted = ", ".join(f'"{one}"' for one in (*secrets, *harmless))
    model.answer = f'{{"remember": [{quoted}]}}'
    await learn(container, anna)
    assert await kept(transaction, anna) == list(harmless)


async def test_the_same_fact_is_not_kept_twice(
    model: Script,
    container: AsyncContainer,
    meet: Meet,
    say: Say,
    transaction: Transaction,
    has_vectors: bool,
) -> None:
    anna = await meet("Has a dog.", "Writes Python")
    # Both get their vectors.
    await learn(container, anna)
    await say(anna, "dogs")
    model.answer = (
        '{"remember": ["has a DOG", "Drinks tea", "drinks tea!", "Knows Python", "Teaches Python"]}'
    )
    await learn(container, anna)
    assert await kept(transaction, anna) == (
        # By their meaning the last ones say what the second did, and say it later.
        ["Has a dog.", "Drinks tea", "Knows Python", "Teaches Python"]
        if has_vectors
        else ["Has a dog.", "Writes Python", "Drinks tea", "Knows Python", "Teaches Python"]
    )


async def test_facts_are_kept_also_when_their_meaning_cannot_be_had(
    model: Script,
    container: AsyncContainer,
    embedder: WordCounter,
    meet: Meet,
    say: Say,
    transaction: Transaction,
) -> None:
    anna = await meet()
    await say(anna, "I drink only tea")
    model.answer, embedder.is_away = '{"remember": ["Drinks only tea"]}', True
    await learn(container, anna)
    assert await kept(transaction, anna) == ["Drinks only tea"]


async def test_the_oldest_facts_make_room_for_new_ones(
    model: Script,
    container: AsyncContainer,
    settings: Settings,
    meet: Meet,
    say: Say,
    transaction: Transaction,
) -> None:
    settings.memory.max_facts = 3
    anna, ben = await meet("One", "Two", "Three"), await meet("A", "B", "C")
    await say(anna, "more")
    model.answer = '{"remember": ["Four", "Five"]}'
    await learn(container, anna)
    assert await kept(transaction, anna) == ["Three", "Four", "Five"]
    assert await kept(transaction, ben) == ["A", "B", "C"]


async def test_from_what_is_said_while_memory_is_off_nothing_is_ever_learned(
    model: Script, container: AsyncContainer, meet: Meet, say: Say, transaction: Transaction
) -> None:
    anna = await meet()
    model.answer = '{"remember": ["Drinks only tea"]}'

    async def switch(*, on: bool) -> None:
        async with container() as request:
            await (await request.get(MemoryBook)).switch(anna, on=on)

    await switch(on=False)
    await say(anna, "I drink only tea")
    await learn(container, anna)
    await switch(on=True)
    await learn(container, anna)
    assert model.requests == []
    assert await kept(transaction, anna) == []
    await say(anna, "still tea")
    await learn(container, anna)
    assert await kept(transaction, anna) == ["Drinks only tea"]


async def test_what_is_forgotten_while_the_model_thinks_does_not_come_back(
    model: Script, container: AsyncContainer, meet: Meet, say: Say, transaction: Transaction
) -> None:
    anna = await meet("Has a dog")
    await say(anna, "I drink only tea")
    model.answer = '{"remember": ["Drinks only tea"]}'
    model.hold_after(0)
    async with asyncio.TaskGroup() as group:
        group.create_task(learn(container, anna))
        while not model.requests:  # noqa: ASYNC110 - the model tells nobody
            await asyncio.sleep(0.01)
        async with container() as request:
            await (await request.get(MemoryBook)).forget_all(anna)
        model.go_on.set()
    await learn(container, anna)
    assert await kept(transaction, anna) == []


async def test_memories_outlive_dialogs_and_go_with_their_person(
    container: AsyncContainer, meet: Meet, transaction: Transaction
) -> None:
    anna = await meet("Has a dog")
    await learn(container, anna)
    async with transaction:
        await transaction.session.execute(delete(Dialog))
    assert await kept(transaction, anna) == ["Has a dog"]
    async with transaction:
        await transaction.session.execute(delete(User).where(User.id == anna))
        assert await transaction.session.scalar(select(func.count(Memory.id))) == 0
    # A job that comes too late.
    await learn(container, anna)


class SetClock:
    """A clock that a test sets."""

    time = datetime(2026, 5, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time


async def test_a_person_is_looked_at_once_in_a_while_and_at_once_when_they_ask_for_it(
    settings: Settings,
    session_factory: SessionFactory,
    embedder: WordCounter,
    meet: Meet,
    transaction: Transaction,
) -> None:
    clock = SetClock()
    meter = Meter(UsageLedger(session_factory, clock, settings.usage))
    metered = MeteredEmbedder(embedder, meter, settings.embeddings)
    memory = MemoryService(session_factory, metered, clock, settings.memory)
    anna, ben = await meet(), await meet()
    queue = JobQueue(settings)
    jobs = JobService(transaction, JobRepository(transaction), queue)

    async def answered(user_id: int, question: str) -> None:
        if memory.wants_to_learn(user_id, question):
            async with transaction:
                await memory.order(transaction, jobs, user_id=user_id, question=question)

    async def ordered() -> list[tuple[int, bool]]:
        async with transaction:
            found = await transaction.session.execute(select(Job.args, Job.sent_at).order_by(Job.id))
            return [(row.args["user_id"], row.sent_at is not None) for row in found]

    for _ in range(3):
        await answered(anna, "How are you?")
        await answered(ben, "And you?")
    assert await ordered() == [(anna, False), (ben, False)]
    await answered(anna, "Запомни: я пью чай")
    assert await ordered() == [(anna, False), (ben, False), (anna, True)]
    # What somebody waits to see does not wait behind a heap of looks, and what they ask for is no heap.
    async with transaction:
        queues = await transaction.session.scalars(select(Job.queue).order_by(Job.id))
        assert queues.all() == [LATER_QUEUE, LATER_QUEUE, QUEUE]
    clock.time += timedelta(seconds=settings.memory.learn_interval)
    # It sees whatever is said until it begins, however late that is.
    await answered(anna, "And now?")
    assert len(await ordered()) == 3
    async with transaction:
        await transaction.session.execute(update(Job).values(state="done"))
    clock.time += timedelta(seconds=settings.memory.learn_interval)
    await answered(anna, "And now?")
    assert (await ordered())[3:] == [(anna, False)]
    await queue.close()
