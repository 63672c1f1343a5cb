"""Answers come as fast when the tables are large: nothing on their way reads one from end to end."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from dishka import AsyncContainer, Provider, Scope
from dishka.integrations.base import wrap_injection
from sqlalchemy import text

from bench.filling import FIRST_CHAT, Contents, fill
from tests.bot.keyboards import buttons, press
from tests.bot.test_dialogs import shows
from tests.bot.test_stop import sees_words
from tests.db.plans import Plans, collecting, explain_everything
from tests.db.test_locks import MakeDatabase
from tests.memory.conftest import WordCounter
from tests.replies import SomeReply
from tests.servers import Servers, connected
from vitte.assistant.schemas import Asked, Question
from vitte.assistant.service import AssistantService
from vitte.assistant.turns import TurnStore
from vitte.clients.embeddings.protocol import Embedder
from vitte.core.clock import utc_now
from vitte.core.job_names import LEARN_FACTS, SUMMARISE_DIALOG, TITLE_DIALOG
from vitte.core.settings import Settings
from vitte.db import riders
from vitte.db.transaction import Transaction
from vitte.inbox.service import InboxService
from vitte.jobs.leases import JobLeases
from vitte.jobs.service import JobService
from vitte.main import status
from vitte.main.container import make_container
from vitte.memory.book import MemoryBook
from vitte.memory.learning import LearningService
from vitte.memory.schemas import Fact
from vitte.memory.service import MemoryService
from vitte.sandbox.client import SandboxPerson
from vitte.sandbox.llm import Script
from vitte.sandbox.testing import NO_LIMITS, RunningSandbox
from vitte.usage.ledger import UsageLedger, settlement_of
from vitte.usage.schemas import CallRequest
from vitte.usage.service import UsageService
from vitte.users.presence import Presence
from vitte.users.service import UserService
from vitte.worker.jobs import WorkFunction, all_work
from vitte.worker.runner import JobRunner, TickRunner

_LARGE = Contents(people=8000, messages=40_000, updates=20_000, jobs=20_000, facts=40_000)
# Past their time, so that there is something to clean up and to forget.
_AGE = (
    "UPDATE messages SET created_at = created_at - interval '1 year' WHERE id <= 2500",
    "UPDATE inbox_updates SET finished_at = finished_at - interval '60 days' WHERE id <= 4000",
    "UPDATE jobs SET finished_at = finished_at - interval '60 days' WHERE id <= 4000",
    "UPDATE users SET last_seen_at = now() - interval '1 hour' * id",
    # The limits of the plan that everybody has, and a call whose process was killed.
    "UPDATE plans SET tokens_per_month = 10 ^ 9, messages_per_day = 10 ^ 9, cost_per_day = 1000",
    "UPDATE usage_calls SET created_at = created_at - interval '1 year' WHERE id <= 1000",
    "UPDATE usage_days SET day = day - 500 WHERE user_id <= 100",
    # Who asks for the first time in a day is looked for in vain, which is no more than a look.
    (
        "INSERT INTO usage_days (user_id, day) SELECT id, CAST(now() AT TIME ZONE 'UTC' AS date) FROM users "
        "ON CONFLICT DO NOTHING"
    ),
    "UPDATE usage_calls SET state = 'reserved', expires_at = now() - interval '1 hour' WHERE id > 19900",
    "VACUUM (ANALYZE)",
)
# Where pgvector is. Of each fact another, or it would be made once for all of them.
_VECTORS = """
    INSERT INTO memory_embeddings (memory_id, model, embedding)
    SELECT id, 'counts-words', ARRAY(SELECT random() + 0 * id FROM generate_series(1, 20))::real[]::vector
    FROM memories
"""
COUNTED = "users: Seq Scan None: no index serves it: SELECT count(*) AS everybody,"
"""Everybody is counted every ten seconds, once through the table: when they were seen is in no index."""


@pytest.fixture(scope="module")
def plans() -> Iterator[Plans]:
    """What PostgreSQL tells of the statements of this process, from pools opened from now on."""
    with collecting() as plans:
        yield plans


# Each of them asks twenty times at once, which no person does: what is known of them is read as often.
_FEW = Contents(people=8, messages=40_000, updates=20_000, jobs=20_000, facts=240)
_made: dict[Contents, str] = {}


@pytest.fixture
async def settings(
    request: pytest.FixtureRequest,
    settings: Settings,
    plans: Plans,
    servers: Servers,
    worker_number: int,
    make_database: MakeDatabase,
) -> Settings:
    """Settings of a product that many people have used for months, on a server that tells its plans."""
    contents: Contents = getattr(request, "param", _LARGE)
    if contents not in _made:
        _made[contents] = await make_database(f"vitte_large_{len(_made)}_{worker_number}")
        async with connected(servers.database(_made[contents])) as connection:
            await fill(connection, contents, bot_id=settings.telegram.bot_id)
            if await connection.fetchval("SELECT to_regclass('memory_embeddings') IS NOT NULL"):
                await connection.execute(_VECTORS)
            for statement in _AGE:
                await connection.execute(statement)
    settings.database.name = await make_database(f"vitte_plans_{worker_number}", template=_made[contents])
    async with connected(settings.database) as connection:
        await explain_everything(connection)
    plans.clear()
    return settings


@pytest.fixture
async def working(settings: Settings, model: Script) -> AsyncIterator[AsyncContainer]:
    """The container of the worker."""
    container = make_container(settings, process="worker")
    yield container
    await container.close()


def injected(container: AsyncContainer, function: WorkFunction) -> WorkFunction:
    """Return the function as the worker calls it."""
    work: WorkFunction = wrap_injection(
        func=function, is_async=True, container_getter=lambda *_: container, manage_scope=True
    )
    return work


@pytest.mark.usefixtures("bot")
async def test_no_message_costs_more_the_more_was_said_before(
    plans: Plans, anna: SandboxPerson, model: Script
) -> None:
    for said in ("/start", "/status", "How are you?", "And now?"):
        await anna.ask(said)
    album = await anna.send_album([("a.txt", b"one"), ("b.txt", b"two")], kind="document")
    await anna.wait_for_message(after=album[-1]["message_id"])
    model.answer, model.between_tokens = "word " * 5000, 0.05
    for stop in (anna.stop, lambda: anna.send("/stop")):
        seen = len(anna.events)
        question = await anna.send("Tell me")
        await sees_words(anna, after=seen)
        await stop()
        await anna.wait_for_message(after=question["message_id"])
    await anna.block()
    await anna.unblock()
    await anna.ask("/start")
    assert plans.growing() == []
    # All of it was seen.
    assert plans.tables() >= {"inbox_updates", "users", "settings", "subscriptions", "dialogs", "messages"}


@pytest.mark.usefixtures("bot")
@pytest.mark.parametrize("sandbox", [NO_LIMITS], indirect=True)
@pytest.mark.parametrize("settings", [_LARGE, _FEW], ids=["many people", "few who said much"], indirect=True)
async def test_no_menu_costs_more_the_more_was_said_before(
    plans: Plans, sandbox: RunningSandbox, transaction: Transaction
) -> None:
    person = await sandbox.person("Person 6")
    async with transaction:
        # One of those who have said much.
        query = text("UPDATE users SET telegram_id = :person WHERE id = 7")
        await transaction.session.execute(query, {"person": person.id})
    for said in ("/new", "Hello", "/new", "/persona", "/model"):
        await person.ask(said)
    await press(person, await person.ask("/settings"), "English")
    menu = await person.ask("/dialogs")
    newest, _, old = (title for data, title in buttons(menu).items() if ":open:" in data)
    assert old == "About 7"
    await press(person, menu, old)
    await press(person, await shows(person, menu, "Go on"), "Go on")
    for action in ("Rename", "Delete"):
        await press(person, await shows(person, menu, f"✅ {old}"), old)
        await press(person, await shows(person, menu, action), action)
        if action == "Rename":
            await person.ask(old)
    await press(person, await shows(person, menu, "Yes, delete"), "Yes, delete")
    await shows(person, menu, newest)
    assert plans.growing() == []
    assert plans.tables() >= {"users", "settings", "dialogs", "messages", "personas", "models"}


@pytest.mark.parametrize("settings", [_LARGE, _FEW], ids=["many people", "few who said much"], indirect=True)
async def test_no_crowd_costs_more_the_more_was_said_before(
    request: pytest.FixtureRequest, plans: Plans, container: AsyncContainer, settings: Settings, model: Script
) -> None:
    people: int = request.node.callspec.params["settings"].people
    crowd, bot_id = range(1, 161), settings.telegram.bot_id
    inbox = await container.get(InboxService)
    await inbox.take_in(bot_id, [{"update_id": 10**6 + one} for one in crowd])
    claimed = await inbox.claim(bot_id, limit=len(crowd), lease=60)
    assert len(claimed) == len(crowd)

    async def answer(number: int) -> None:
        user_id = 1 + number % people
        async with container() as scope:
            users = await scope.get(UserService)
            person = await users.find(FIRST_CHAT + user_id - 1)
            assert person is not None
            assistant = await scope.get(AssistantService)
            await assistant.answer(
                person, Question(text="?", telegram_message_id=10**9 + number), SomeReply()
            )

    with riders.collecting() as effects:
        await asyncio.gather(*(answer(one) for one in crowd))
    left = effects.close()
    assert len(left) == len(crowd)
    await asyncio.gather(*(inbox.finish(*one) for one in zip(claimed, zip(left), strict=True)))
    presence = await container.get(Presence)
    for number in range(min(len(crowd), people)):
        presence.note(FIRST_CHAT + number, utc_now())
    await presence.write()
    assert plans.growing() == []
    assert plans.tables() >= {"inbox_updates", "users", "settings", "subscriptions", "dialogs", "messages"}
    assert plans.tables() >= {"usage_calls", "usage_days", "bot_days", "plans", "memories"}


async def test_no_call_costs_more_the_more_was_spent_before(plans: Plans, container: AsyncContainer) -> None:
    ledger = await container.get(UsageLedger)

    async def call(user_id: int) -> None:
        request = CallRequest(
            user_id=user_id,
            plan="free",
            kind="chat",
            model="scripted",
            tokens=9,
            cost=9,
            counts_as_message=True,
        )
        reservation = await ledger.reserve(request)
        await ledger.settle(
            settlement_of(
                reservation, prompt_tokens=1, completion_tokens=1, is_estimated=False, outcome="complete"
            )
        )

    for _ in range(2):
        await asyncio.gather(*(call(user_id) for user_id in range(1, 161)))
    async with container() as scope:
        left = await (await scope.get(UsageService)).left(1, "free")
    assert left.messages.used >= 2
    assert plans.growing() == []
    assert plans.tables() == {"usage_calls", "usage_days", "bot_days", "plans", "subscriptions", "users"}


@pytest.mark.parametrize("settings", [_LARGE, _FEW], ids=["many people", "few who said much"], indirect=True)
async def test_no_memory_costs_more_the_more_is_kept_of_others(
    request: pytest.FixtureRequest, plans: Plans, settings: Settings, model: Script
) -> None:
    people: int = request.node.callspec.params["settings"].people
    # Everybody has more than that.
    settings.memory.recall_characters = 300
    provider, embedder = Provider(scope=Scope.APP), WordCounter()
    provider.provide(lambda: embedder, provides=Embedder)
    container = make_container(settings, provider, process="bot")
    memory = await container.get(MemoryService)
    crowd = range(1, 1 + min(people, 160))
    turns = await container.get(TurnStore)

    async def recall(user_id: int) -> list[Fact]:
        question = Question(text="my dog", telegram_message_id=10**9 + user_id)
        turn = await turns.begin(Asked(user_id=user_id, question=question, room_for_facts=memory.room))
        return await memory.recall(user_id, question.text, turn.known)

    assert all(await asyncio.gather(*(recall(one) for one in crowd)))
    model.answer = '{"remember": ["Drinks tea"], "forget": [1]}'
    async with container() as scope:
        await (await scope.get(LearningService)).learn(7)
        book = await scope.get(MemoryBook)
        await book.forget(7, (await book.page(7, 1, size=8)).facts[0].id)
        await book.switch(7, on=False)
        await book.switch(7, on=True)
        await book.forget_all(7)
    await container.close()
    assert plans.growing() == []
    assert plans.tables() >= {"users", "settings", "dialogs", "messages", "memories"}


async def test_no_tick_and_no_job_costs_more_the_more_was_done_before(
    plans: Plans, working: AsyncContainer, settings: Settings
) -> None:
    work = all_work()
    for name, function in work.ticks.items():
        await TickRunner(injected(working, function), settings.worker).run(name)
    # A job that is new here needs arguments to be tried with.
    arguments: dict[str, dict[str, Any]] = {
        TITLE_DIALOG: {"dialog_id": 77},
        SUMMARISE_DIALOG: {"dialog_id": 77, "user_id": 77, "keep_tokens": 0},
        LEARN_FACTS: {"user_id": 77},
    }
    assert set(arguments) == set(work.jobs)
    functions = {name: injected(working, function) for name, function in work.jobs.items()}
    leases = await working.get(JobLeases)
    for name, args in arguments.items():
        async with working() as request:
            transaction = await request.get(Transaction)
            async with transaction:
                job_id = await (await request.get(JobService)).enqueue(name, **args)
        await JobRunner(functions, leases, settings.worker).run(job_id)
    assert plans.growing(but=COUNTED) == []
    assert plans.tables() >= {"inbox_updates", "users", "dialogs", "messages", "jobs", "usage_calls"}


async def test_nothing_that_goes_wrong_costs_more_the_more_there_is(
    plans: Plans, working: AsyncContainer, settings: Settings
) -> None:
    inbox, leases = await working.get(InboxService), await working.get(JobLeases)
    bot_id = settings.telegram.bot_id
    await inbox.take_in(bot_id, [{"update_id": 10**6 + number} for number in range(3)])
    failed, renewed, released = await inbox.claim(bot_id, limit=3, lease=60)
    await inbox.fail(failed, error="of the test's")
    assert await inbox.renew([renewed], lease=60) == {renewed}
    await inbox.release([released])
    async with working() as request:
        transaction = await request.get(Transaction)
        async with transaction:
            job_id = await (await request.get(JobService)).enqueue(TITLE_DIALOG, dialog_id=78)
    job = await leases.claim(job_id)
    assert job is not None
    assert await leases.renew(job)
    await leases.fail(job, error="of the test's")
    # What the owner asks for when something is wrong.
    await status.lines(settings)
    assert plans.growing(but=COUNTED) == []
    assert plans.tables() == {"inbox_updates", "users", "jobs"}


@pytest.mark.parametrize(
    ("careless", "why"),
    [
        ("SELECT text FROM messages WHERE model = 'a'", "no index"),
        # An order or a group makes an index do for all of the table.
        ("SELECT text FROM messages WHERE model = 'a' ORDER BY id LIMIT 1", "in vain"),
        ("SELECT count(*) FROM dialogs", "rows read"),
        # The index begins with another column: all of it is read.
        ("SELECT id FROM messages WHERE role = 'user' AND telegram_message_id = 4444", "blocks"),
        ("UPDATE inbox_updates SET error = 'a' WHERE payload = 'b'", "no index"),
        # What is open has an index; this does not say so.
        ("SELECT id FROM jobs WHERE state <> 'done' AND run_at < now() - interval '1 year'", "no index"),
    ],
)
async def test_a_query_that_no_index_serves_is_found_out(
    plans: Plans, transaction: Transaction, careless: str, why: str
) -> None:
    async with transaction:
        await transaction.session.execute(text(careless))
    (found,) = plans.growing()
    assert why in found
    assert careless in found


async def test_a_foreign_key_that_no_index_serves_is_found_out(
    plans: Plans, transaction: Transaction
) -> None:
    async with transaction:
        await transaction.session.execute(text("DROP INDEX ix_messages_dialog_id_id, uq_messages_question"))
        await transaction.session.execute(text("DELETE FROM dialogs WHERE id = 77"))
    assert any("messages" in found and "dialog_id" in found for found in plans.growing())
