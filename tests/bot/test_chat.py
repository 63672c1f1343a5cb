"""People talk to the bot: a message in, a message out."""

import asyncio

import pytest
from sqlalchemy import func, select

from tests.patience import PATIENCE
from vitte.bot.commands import COMMANDS
from vitte.db.models import Dialog, InboxUpdate, Message, Subscription, User
from vitte.db.transaction import Transaction
from vitte.sandbox.client import SandboxPerson
from vitte.sandbox.llm import Script
from vitte.sandbox.testing import NO_LIMITS, RunningSandbox

pytestmark = pytest.mark.usefixtures("bot")

LONG = "What would you like to tell me about the winters of your home town and its people?"


async def count(transaction: Transaction, table: type) -> int:
    async with transaction:
        return await transaction.session.scalar(select(func.count()).select_from(table)) or 0


async def test_start_greets_in_the_persons_language(anna: SandboxPerson, ben: SandboxPerson) -> None:
    greeting = "👋 Привет, Анна!\nЯ бот Vitte — твой AI-ассистент.\nИспользуй /help для списка команд."
    assert (await anna.ask("/start"))["text"].startswith(greeting)
    # Who is known needs no more.
    assert (await anna.ask("/start"))["text"] == greeting
    assert (await ben.ask("/start"))["text"].startswith("👋 Hi, Ben!\nI am Vitte")


async def test_the_commands_menu_is_there_in_both_languages(
    sandbox: RunningSandbox, anna: SandboxPerson
) -> None:
    for language, help_text in (("ru", "Список команд"), ("de", "What I can do")):
        (bot,) = (await sandbox.state(language=language))["bots"]
        assert [command["command"] for command in bot["commands"]] == list(COMMANDS)
        assert bot["commands"][1]["description"] == help_text


async def test_help_lists_the_commands_and_status_tells_the_plan(anna: SandboxPerson) -> None:
    help_text = (await anna.ask("/help"))["text"]
    assert all(f"/{command}" in help_text for command in COMMANDS)
    status = (await anna.ask("/status"))["text"]
    assert "План: Бесплатный" in status
    assert "без срока окончания" in status
    assert "scripted" in status


async def test_a_question_is_answered_in_a_growing_draft_and_then_for_good(
    anna: SandboxPerson, model: Script, transaction: Transaction
) -> None:
    async def has_grown_to(text: str) -> None:
        await anna.wait_for_event(lambda event: bool((event.get("draft") or {}).get("text") == text))

    model.holds_after = 2
    question = await anna.send(LONG)
    await has_grown_to("You said:")
    model.hold_after(5)
    await has_grown_to("You said: What would you")
    model.go_on.set()
    answer = await anna.wait_for_message(after=question["message_id"])
    assert answer["text"] == f"You said: {LONG}"
    drafts = [event["draft"]["text"] for event in anna.events if event["type"] == "draft" and event["draft"]]
    assert next(event["type"] for event in anna.events if event["type"] != "message") == "chat_action"
    assert drafts[0].startswith("You")
    assert all(answer["text"].startswith(draft) for draft in drafts)
    assert drafts == sorted(drafts, key=len)
    assert (await anna.chat())["draft"] is None
    assert await count(transaction, Dialog) == 1
    assert await count(transaction, Message) == 2


async def test_the_bot_remembers_what_was_said(anna: SandboxPerson, model: Script) -> None:
    await anna.ask("My name is Anna.")
    await anna.ask("What is my name?")
    contents = [message["content"] for message in model.requests[-1]["messages"]]
    assert contents[1:] == ["My name is Anna.", "You said: My name is Anna.", "What is my name?"]


@pytest.mark.parametrize("sandbox", [NO_LIMITS], indirect=True)
async def test_fifty_first_messages_at_once_make_one_person_and_one_subscription(
    sandbox: RunningSandbox, anna: SandboxPerson, transaction: Transaction
) -> None:
    await asyncio.gather(*(anna.send("/help") for _ in range(49)))
    await anna.send("/start")
    await anna.wait_for_message("👋")
    assert await count(transaction, User) == 1
    assert await count(transaction, Subscription) == 1


async def test_many_people_are_answered_at_the_same_time(sandbox: RunningSandbox, model: Script) -> None:
    # Nobody gets a word before all have asked.
    model.holds_after = 0
    people = [await sandbox.person(f"Person {number}") for number in range(20)]
    asking = asyncio.gather(*(person.ask(f"I am {person.id}") for person in people))
    async with asyncio.timeout(PATIENCE):
        while len(model.requests) < len(people):  # noqa: ASYNC110 - the model tells nobody
            await asyncio.sleep(0.02)
    model.go_on.set()
    answers = await asking
    assert [answer["text"] for answer in answers] == [f"You said: I am {person.id}" for person in people]


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("refused", "недоступна"),
        ("overloaded", "перегружена"),
        ("broken", "недоступна"),
        ("empty", "не договорила"),
    ],
)
async def test_a_failing_model_is_told_in_a_clear_sentence_and_the_chat_goes_on(
    anna: SandboxPerson, model: Script, fault: str, sentence: str
) -> None:
    model.fault = fault  # type: ignore[assignment]
    assert sentence in (await anna.ask("one"))["text"]
    model.fault = None
    assert (await anna.ask("two"))["text"] == "You said: two"


async def test_an_answer_that_broke_off_says_so(anna: SandboxPerson, model: Script) -> None:
    model.fault = "error_event"
    text = (await anna.ask(LONG))["text"]
    assert text.startswith("You said: What")
    assert "⚠️ Ответ оборвался" in text


async def test_a_very_long_answer_arrives_whole_in_several_messages(
    anna: SandboxPerson, model: Script
) -> None:
    model.answer = "\n\n".join(
        f"paragraph {number} " + "honorificabilitudinitatibus " * 40 for number in range(12)
    )
    await anna.send("tell me")
    last = await anna.wait_for_message("paragraph 11")
    texts = [message["text"] for message in anna.messages.values() if message["from_bot"]]
    assert last["text"] == texts[-1]
    assert len(texts) >= 3
    assert " ".join(" ".join(texts).split()) == " ".join(model.answer.split())


async def test_an_unknown_command_is_not_asked_of_the_model(anna: SandboxPerson, model: Script) -> None:
    assert "/help" in (await anna.ask("/nonsense"))["text"]
    assert model.requests == []


async def test_a_person_who_blocks_the_bot_is_remembered_until_they_come_back(
    anna: SandboxPerson, transaction: Transaction
) -> None:
    await anna.ask("/start")

    async def wait_until(*, blocked: bool) -> None:
        async with asyncio.timeout(PATIENCE):
            while True:
                async with transaction:
                    at = (await transaction.session.scalars(select(User.blocked_bot_at))).one()
                if (at is not None) is blocked:
                    return
                await asyncio.sleep(0.02)

    await anna.block()
    await wait_until(blocked=True)
    await anna.unblock()
    await wait_until(blocked=False)
    assert "План" in (await anna.ask("/status"))["text"]


@pytest.mark.parametrize("fault", [None, "empty"])
async def test_a_bot_blocked_while_it_answers_or_apologises_gives_up_quietly(
    sandbox: RunningSandbox, anna: SandboxPerson, model: Script, transaction: Transaction, fault: str | None
) -> None:
    model.holds_after, model.fault = 0, fault  # type: ignore[assignment]
    await anna.send("one")
    await anna.wait_for_event("chat_action")
    await anna.block()
    model.go_on.set()
    async with asyncio.timeout(PATIENCE):
        while True:
            async with transaction:
                states = (await transaction.session.scalars(select(InboxUpdate.state))).all()
            if list(states) == ["done", "done"]:
                break
            await asyncio.sleep(0.02)


async def test_a_burst_of_commands_beyond_telegrams_limit_is_answered_in_full(
    anna: SandboxPerson, transaction: Transaction
) -> None:
    for _ in range(7):
        await anna.send("/help")
    await anna.send("/start")
    await anna.wait_for_message("👋")
    assert len([message for message in anna.messages.values() if message["from_bot"]]) == 8


async def test_a_message_that_telegram_puts_off_arrives_later(
    sandbox: RunningSandbox, anna: SandboxPerson
) -> None:
    await sandbox.add_fault("429", method="sendMessage", times=1, retry_after=1)
    await sandbox.add_fault("502", method="sendMessage", times=1)
    assert (await anna.ask("one"))["text"] == "You said: one"


async def test_an_update_that_nobody_understands_holds_up_nobody(
    sandbox: RunningSandbox, anna: SandboxPerson, transaction: Transaction
) -> None:
    await sandbox.inject(
        [{"message": {"chat": "nonsense"}}, {"nonsense": True}, {"message": {"chat": {"id": 1}}}]
    )
    assert (await anna.ask("one"))["text"] == "You said: one"


async def test_health_is_green_and_metrics_count(
    sandbox: RunningSandbox, anna: SandboxPerson, settings: object
) -> None:
    await anna.ask("one")
    base = f"http://127.0.0.1:{settings.bot.port}"  # type: ignore[attr-defined]
    for path in ("/health", "/health/ready"):
        async with sandbox.session.get(base + path) as response:
            assert (response.status, await response.json()) == (200, {"status": "ok"})
    metrics = ""
    async with asyncio.timeout(PATIENCE):
        # An update is counted when it is marked as done, a moment after its answer was sent.
        while 'vitte_updates_handled_total{outcome="done",type="message"}' not in metrics:
            async with sandbox.session.get(base + "/metrics") as response:
                metrics = await response.text()
    assert 'vitte_answers_total{outcome="complete"}' in metrics
    assert "vitte_updates_taken_in_total" in metrics
    assert 'vitte_update_seconds_count{type="message"}' in metrics
    assert 'vitte_llm_first_token_seconds_count{model="scripted"}' in metrics
    assert 'vitte_llm_tokens_total{kind="completion",model="scripted"}' in metrics
    assert 'vitte_database_connections{state="in_use"}' in metrics
