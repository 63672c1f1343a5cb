"""A person wants no more of an answer."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from tests.patience import PATIENCE
from vitte.core.nursery import Nursery
from vitte.core.settings import Settings
from vitte.db.models import InboxUpdate, Message
from vitte.db.transaction import Transaction
from vitte.embedded.ports import free_port
from vitte.main import api as api_process
from vitte.main import bot as bot_process
from vitte.sandbox.client import SandboxPerson
from vitte.sandbox.llm import Script
from vitte.sandbox.testing import NO_LIMITS, RunningSandbox

ENDLESS = "word " * 5000
STOPPED = {"ru": "⏹ Остановлено.", "en": "⏹ Stopped."}
NOTHING = {"ru": "Сейчас нечего останавливать.", "en": "There is nothing to stop just now."}


@pytest.fixture
def endless(model: Script) -> Script:
    """A model that would talk for many minutes."""
    model.answer, model.between_tokens = ENDLESS, 0.05
    return model


async def sees_words(person: SandboxPerson, *, after: int = 0) -> None:
    """Wait until the person sees an answer grow, with the button under it."""
    await person.wait_for_event(
        lambda event: event["type"] == "draft" and bool(event["draft"] and event["draft"]["can_stop"]),
        after=after,
    )


async def stored(transaction: Transaction) -> list[tuple[str, str]]:
    async with transaction:
        rows = await transaction.session.execute(select(Message.role, Message.text).order_by(Message.id))
        return [(role, text) for role, text in rows]


async def all_handled(transaction: Transaction, *, count: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while True:
            async with transaction:
                states = (await transaction.session.scalars(select(InboxUpdate.state))).all()
            if list(states) == ["done"] * count:
                return
            await asyncio.sleep(0.02)


def stop_update(person: SandboxPerson, draft_id: int) -> dict[str, Any]:
    chat = {"id": person.id, "type": "private", "first_name": "Ben"}
    return {"stopped_message_generation": {"chat": chat, "draft_id": draft_id}}


def written(person: SandboxPerson, message_id: int, text: str) -> dict[str, Any]:
    command = {"type": "bot_command", "offset": 0, "length": len(text)}
    return {
        "message": {
            "message_id": message_id,
            "date": 1,
            "chat": {"id": person.id, "type": "private", "first_name": "Ben"},
            "from": {"id": person.id, "is_bot": False, "first_name": "Ben", "language_code": "en"},
            "text": text,
            "entities": [command] if text.startswith("/") else [],
        }
    }


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - the model tells nobody
            await asyncio.sleep(0.02)


@pytest.mark.usefixtures("bot")
async def test_the_button_ends_an_answer_where_it_is_and_the_model_with_it(
    sandbox: RunningSandbox,
    anna: SandboxPerson,
    endless: Script,
    transaction: Transaction,
    settings: Settings,
) -> None:
    question = await anna.send("Tell me")
    await sees_words(anna)
    await anna.stop()
    text = (await anna.wait_for_message(after=question["message_id"]))["text"]
    told, notice = text.rsplit("\n\n", 1)
    assert notice == STOPPED["ru"]
    assert told.startswith("word")
    assert (await anna.chat())["draft"] is None
    await until(lambda: endless.abandoned == 1)
    asked, (role, kept) = await stored(transaction)
    assert asked == ("user", "Tell me")
    assert (role, kept.strip()) == ("assistant", told)
    async with sandbox.session.get(f"http://127.0.0.1:{settings.bot.port}/metrics") as response:
        assert 'vitte_answers_total{outcome="stopped"}' in await response.text()


@pytest.mark.usefixtures("bot")
async def test_a_command_does_what_the_button_does_in_either_language(
    anna: SandboxPerson, ben: SandboxPerson, endless: Script
) -> None:
    for person, command, language in ((anna, "/cancel", "ru"), (ben, "/STOP@vitte_bot", "en")):
        await person.send("Tell me")
        await sees_words(person)
        text = (await person.ask(command))["text"]
        assert text.startswith("word")
        assert text.endswith("\n\n" + STOPPED[language])
    await until(lambda: endless.abandoned == 2)


@pytest.mark.usefixtures("bot")
async def test_the_model_knows_how_far_it_came_when_it_is_asked_the_next_question(
    ben: SandboxPerson, endless: Script
) -> None:
    await ben.send("Tell me")
    await sees_words(ben)
    await ben.stop()
    text = (await ben.wait_for_message(STOPPED["en"]))["text"]
    endless.answer = None
    assert (await ben.ask("Why?"))["text"] == "You said: Why?"
    _, asked, answered, next_asked = [message["content"] for message in endless.requests[-1]["messages"]]
    assert (asked, next_asked) == ("Tell me", "Why?")
    assert answered.strip() == text.removesuffix(STOPPED["en"]).strip()


@pytest.mark.usefixtures("bot")
async def test_stopped_before_the_first_word_leaves_a_sentence_and_a_question_without_an_answer(
    ben: SandboxPerson, model: Script, transaction: Transaction
) -> None:
    model.first_token = 600
    await ben.send("Tell me")
    await ben.wait_for_event("chat_action")
    await until(lambda: len(model.requests) == 1)
    assert (await ben.ask("/stop"))["text"] == STOPPED["en"]
    assert await stored(transaction) == [("user", "Tell me")]
    model.first_token = 0
    assert (await ben.ask("one"))["text"] == "You said: one"
    assert [message["content"] for message in model.requests[-1]["messages"][1:]] == ["one"]


@pytest.mark.usefixtures("bot")
async def test_asked_and_taken_back_in_one_breath_is_not_answered(
    sandbox: RunningSandbox, ben: SandboxPerson, model: Script, transaction: Transaction
) -> None:
    greeted = await ben.ask("/start")
    # A greeting is there before its update is done, and until then it is what the chat is busy with.
    await all_handled(transaction, count=1)
    model.first_token = 600
    await sandbox.inject([written(ben, 901, "Tell me"), written(ben, 902, "/stop")])
    assert (await ben.wait_for_message(after=greeted["message_id"]))["text"] == STOPPED["en"]


@pytest.mark.usefixtures("bot")
async def test_with_nothing_to_stop_the_command_says_so(
    anna: SandboxPerson, ben: SandboxPerson, model: Script, transaction: Transaction
) -> None:
    assert (await anna.ask("/cancel"))["text"] == NOTHING["ru"]
    assert (await ben.ask("one"))["text"] == "You said: one"
    assert (await ben.ask("/stop"))["text"] == NOTHING["en"]
    model.fault = "refused"
    await anna.ask("one")
    # The apology is there before its update is done, and until then it is what the chat is busy with.
    await all_handled(transaction, count=4)
    assert (await anna.ask("/stop"))["text"] == NOTHING["ru"]


@pytest.mark.usefixtures("bot")
@pytest.mark.parametrize("sandbox", [NO_LIMITS], indirect=True)
async def test_a_stop_that_comes_too_late_does_not_hit_the_next_answer(
    sandbox: RunningSandbox, ben: SandboxPerson, model: Script, transaction: Transaction
) -> None:
    question = await ben.send("one")
    first = await ben.wait_for_message("You said: one")
    await all_handled(transaction, count=1)
    model.answer, model.holds_after = "word " * 40 + "end", 20
    seen = len(ben.events)
    await ben.send("two")
    await sees_words(ben, after=seen)
    # The button of the answer before, and a command that was written while that was still growing.
    await sandbox.inject([stop_update(ben, question["message_id"])] * 2)
    await sandbox.inject([written(ben, first["message_id"] - 1, "/stop")])
    assert (await ben.wait_for_message(NOTHING["en"]))["text"] == NOTHING["en"]
    model.go_on.set()
    answer = await ben.wait_for_message("end")
    assert STOPPED["en"] not in answer["text"]
    await all_handled(transaction, count=5)
    assert model.abandoned == 0


@pytest.fixture
def little_room(settings: Settings) -> None:
    """A bot that answers one person at a time."""
    settings.bot.concurrency = 1


@pytest.mark.usefixtures("little_room", "bot")
async def test_a_bot_that_has_its_hands_full_can_be_stopped_all_the_same(
    ben: SandboxPerson, endless: Script
) -> None:
    await ben.send("Tell me")
    await sees_words(ben)
    await ben.stop()
    await ben.wait_for_message(STOPPED["en"])


@pytest.mark.usefixtures("bot")
async def test_a_question_that_waited_behind_the_stopped_one_is_answered(
    ben: SandboxPerson, model: Script
) -> None:
    model.between_tokens = 0.05
    await ben.send("one " * 1000)
    await sees_words(ben)
    await ben.send("two")
    await ben.send("/cancel")
    stopped = await ben.wait_for_message(STOPPED["en"])
    answer = await ben.wait_for_message(after=stopped["message_id"])
    assert answer["text"] == "You said: two"
    assert model.abandoned == 1


@pytest.mark.usefixtures("bot")
async def test_somebody_who_stops_an_answer_and_blocks_the_bot_leaves_nothing_undone(
    sandbox: RunningSandbox, ben: SandboxPerson, model: Script, transaction: Transaction
) -> None:
    model.first_token = 600
    question = await ben.send("Tell me")
    await ben.wait_for_event("chat_action")
    await ben.block()
    await sandbox.inject([stop_update(ben, question["message_id"])])
    await all_handled(transaction, count=3)


@pytest.fixture
async def two_bots(
    settings: Settings, sandbox: RunningSandbox, model: Script, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[None]:
    """Two bots behind one webhook, each with room for one update: what one streams, the other stops."""
    monkeypatch.setattr("vitte.bot.consumer._FAST_ROOM", 0)
    settings.api.port = free_port()
    settings.telegram.mode = "webhook"
    settings.telegram.webhook_url = f"http://127.0.0.1:{settings.api.port}/api/v1/telegram/webhook"
    settings.telegram.webhook_secret = SecretStr("a-secret_for-tests")
    settings.bot.concurrency = 1
    other = settings.model_copy(deep=True)
    other.bot.port = free_port()
    stop, nursery = asyncio.Event(), Nursery()
    running = [
        nursery.start(api_process.serve(settings, stop), name="api"),
        nursery.start(bot_process.serve(settings, stop), name="bot-one"),
        nursery.start(bot_process.serve(other, stop), name="bot-two"),
    ]
    await sandbox.wait_for_calls("setMyCommands", count=4)
    yield
    stop.set()
    async with asyncio.timeout(PATIENCE):
        await asyncio.gather(*running)


@pytest.mark.usefixtures("two_bots")
async def test_an_answer_is_stopped_whichever_bot_is_making_it(
    anna: SandboxPerson, ben: SandboxPerson, endless: Script, transaction: Transaction
) -> None:
    await anna.send("Tell me")
    await sees_words(anna)
    await anna.stop()
    await anna.wait_for_message(STOPPED["ru"])
    await all_handled(transaction, count=2)
    await ben.send("Tell me")
    await sees_words(ben)
    await ben.send("/stop")
    await ben.wait_for_message(STOPPED["en"])
    await until(lambda: endless.abandoned == 2)
