"""What becomes of answers and questions afterwards; and what a model is told, and may use."""

import asyncio
import base64

import pytest
from aiogram.exceptions import TelegramBadRequest
from aiogram.methods import SendMessage
from sqlalchemy import update

from tests.bot.keyboards import buttons, press
from tests.sandbox.pictures import png
from vitte.bot.handlers import answers
from vitte.core.settings import Settings
from vitte.db.models import LanguageModel, Memory, PlanLimits, UsageCall, UsageDay
from vitte.db.transaction import Transaction
from vitte.sandbox.client import SandboxPerson
from vitte.sandbox.llm import Script, ToolUse
from vitte.sandbox.testing import NO_LIMITS, RunningSandbox

pytestmark = pytest.mark.parametrize("sandbox", [NO_LIMITS], indirect=True)


@pytest.fixture
async def settings(settings: Settings, transaction: Transaction) -> Settings:
    """Settings of a bot whose model sees, uses tools and speaks, and whose owner knows what it costs."""
    settings.speech.voice_model = "voice"
    settings.files.download_timeout = 120
    settings.cache.catalogue_local_ttl = settings.cache.local_ttl = 0
    async with transaction:
        can = {"sees_images": True, "uses_tools": True, "price_in": 1, "price_out": 10}
        await transaction.session.execute(update(LanguageModel).values(**can))
    return settings


def shown(model: Script) -> list[tuple[str, object]]:
    """Return what the model was shown last, without what it is told of itself."""
    return [(message["role"], message["content"]) for message in model.requests[-1]["messages"][1:]]


@pytest.mark.usefixtures("bot")
async def test_the_newest_answer_is_made_again_by_a_button(ben: SandboxPerson, model: Script) -> None:
    await ben.ask("First?")
    model.answer = "One way."
    answer = await ben.ask("How?")
    model.answer = "Another way."
    await press(ben, answer, "🔄")
    again = await ben.wait_for_message("Another way.")
    assert shown(model) == [("user", "First?"), ("assistant", "You said: First?"), ("user", "How?")]
    # From now on the dialog has the new one; the old one's button leads nowhere.
    model.answer = None
    await press(ben, answer, "🔄")
    await ben.ask("And then?")
    assert shown(model)[2:] == [("user", "How?"), ("assistant", "Another way."), ("user", "And then?")]
    await press(ben, again, "🔄")
    assert (await ben.wait_for_message("Only the newest"))["message_id"] > again["message_id"]


@pytest.mark.usefixtures("bot")
async def test_an_answer_that_broke_off_goes_on_by_a_button(ben: SandboxPerson, model: Script) -> None:
    model.answer, model.faults = "one two three four five six", ["cut"]
    broken = await ben.ask("Count")
    assert any("Continue" in text for text in buttons(broken).values())
    model.answer = "four five six"
    await press(ben, broken, "Continue")
    await ben.wait_for_message("four five six", after=broken["message_id"])
    (_, asked), (_, so_far), (role, wish) = shown(model)
    assert (asked, role) == ("Count", "user")
    assert str(so_far).startswith("one two")
    assert "where you stopped" in str(wish)
    # One that is whole has no such button.
    assert not any("Continue" in text for text in buttons(await ben.ask("Hello")).values())


@pytest.mark.usefixtures("bot")
async def test_a_changed_question_is_asked_again_if_it_is_the_newest(
    ben: SandboxPerson, model: Script
) -> None:
    first = await ben.send("What is the capital of Frence?")
    await ben.wait_for_message("Frence", after=first["message_id"])
    await ben.edit(first["message_id"], "What is the capital of France?")
    await ben.wait_for_message("You said: What is the capital of France?")
    assert shown(model) == [("user", "What is the capital of France?")]
    await ben.ask("And of Spain?")
    calls = len(model.requests)
    await ben.edit(first["message_id"], "What is the capital of Finland?")
    await ben.ask("Thanks")
    assert len(model.requests) == calls + 1
    assert [content for _, content in shown(model)][:2] == [
        "What is the capital of France?",
        "You said: What is the capital of France?",
    ]


async def tell(sandbox: RunningSandbox, person: SandboxPerson, kind: str, **content: object) -> None:
    """Hand the bot an update of a kind that the sandbox's people do not make."""
    user = {"id": person.id, "is_bot": False, "first_name": "Ben", "language_code": "en"}
    chat = {"id": person.id, "type": "private", "first_name": "Ben"}
    message = {"message_id": 10_000, "date": 1_700_000_000, "chat": chat, "from": user, **content}
    await sandbox.inject([{kind: message}])


@pytest.mark.usefixtures("bot")
async def test_who_shares_their_place_live_is_answered_once_wherever_they_go(
    ben: SandboxPerson, sandbox: RunningSandbox, model: Script
) -> None:
    await ben.ask("Hello")
    place = {"latitude": 55.75, "longitude": 37.61, "live_period": 900}
    await tell(sandbox, ben, "message", location=place)
    await ben.wait_for_message("You said: [Location")
    for step in range(3):
        moved = {**place, "latitude": 55.76 + step}
        await tell(sandbox, ben, "edited_message", edit_date=1_700_000_010 + step, location=moved)
    await ben.ask("Where am I?")
    assert len(model.requests) == 3


@pytest.mark.usefixtures("bot")
async def test_a_question_that_somebody_reacted_to_is_not_answered_again(
    ben: SandboxPerson, sandbox: RunningSandbox, model: Script
) -> None:
    await ben.ask("Hello")
    await tell(sandbox, ben, "message", text="Hello?")
    await ben.wait_for_message("You said: Hello?")
    # Telegram calls it edited, with nothing in it changed but perhaps the way to a file.
    await tell(sandbox, ben, "edited_message", edit_date=1_700_000_010, text="Hello?")
    await ben.ask("And now?")
    assert len(model.requests) == 3
    assert [content for role, content in shown(model) if role == "user"] == ["Hello", "Hello?", "And now?"]


@pytest.mark.usefixtures("bot")
async def test_an_answer_that_could_not_be_made_anew_is_still_what_was_said(
    ben: SandboxPerson, model: Script
) -> None:
    model.answer = "One way."
    answer = await ben.ask("How?")
    model.faults = ["refused"]
    await press(ben, answer, "🔄")
    await ben.wait_for_message("The model is not available", after=answer["message_id"])
    await ben.ask("And then?")
    assert shown(model) == [("user", "How?"), ("assistant", "One way."), ("user", "And then?")]
    # And it can be made anew once the model is well, if nothing was asked since.
    newest = await ben.ask("Really?")
    model.answer = "Another way."
    await press(ben, newest, "🔄")
    await ben.wait_for_message("Another way.")


@pytest.mark.usefixtures("bot")
async def test_an_answer_is_read_aloud_by_a_button(ben: SandboxPerson, model: Script) -> None:
    model.answer = "You **said**: `it`"
    answer = await ben.ask("Say it")
    await press(ben, answer, "🔊")
    spoken = await ben.wait_for_message(
        lambda message: message.get("media_kind") == "voice", after=answer["message_id"]
    )
    assert spoken["reply_to_message_id"] == answer["message_id"]
    assert model.media_requests[-1]["input"] == "You said: it"
    # Who wants that hears every answer.
    await press(ben, await ben.ask("/settings"), "Voice")
    model.answer = "And **this**."
    asked = await ben.send("More")
    await ben.wait_for_message(
        lambda message: message.get("media_kind") == "voice", after=asked["message_id"]
    )
    assert model.media_requests[-1]["input"] == "And this."


@pytest.mark.usefixtures("bot")
async def test_who_takes_no_voice_messages_is_told_so_and_it_is_not_tried_again(
    ben: SandboxPerson, sandbox: RunningSandbox, model: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = 0

    async def refuse(*_: object) -> None:
        nonlocal tries
        tries += 1
        raise TelegramBadRequest(SendMessage(chat_id=1, text=""), "Bad Request: VOICE_MESSAGES_FORBIDDEN")

    monkeypatch.setattr(answers, "send_voice", refuse)
    answer = await ben.ask("Say it")
    await press(ben, answer, "🔊")
    await ben.wait_for_message("does not let me send a voice message", after=answer["message_id"])
    await ben.ask("And now?")
    assert tries == 1


@pytest.mark.usefixtures("bot")
async def test_a_tool_is_used_in_sight_and_what_it_tells_is_answered_with(
    ben: SandboxPerson, model: Script, transaction: Transaction
) -> None:
    model.tool_uses = [ToolUse(name="current_time", arguments={"timezone": "Europe/Berlin"})]
    model.answer = "It is late."
    asked = await ben.send("What time is it?")
    await ben.wait_for_message("It is late.", after=asked["message_id"])
    assert await ben.wait_for_event(
        lambda event: "🕒" in str((event.get("draft") or {}).get("text", "")), after=asked["message_id"]
    )
    first, second = model.requests
    assert "current_time" in [tool["function"]["name"] for tool in first["tools"]]
    assert [message["role"] for message in second["messages"][-2:]] == ["assistant", "tool"]
    assert "Berlin" in second["messages"][-1]["content"]
    # Two calls, of which the person is told as one message.
    async with transaction:
        session = transaction.session
        calls = (await session.scalars(UsageCall.__table__.select())).all()
        day = (await session.execute(UsageDay.__table__.select())).one()
    assert len(calls) == 2
    assert (day.messages, day.reserved_tokens, day.reserved_cost) == (1, 0, 0)
    assert day.cost > 0


@pytest.mark.usefixtures("bot")
async def test_a_picture_is_shown_to_a_model_that_sees_and_again_with_the_next_question(
    ben: SandboxPerson, model: Script
) -> None:
    picture = png(64, 48)
    await ben.send_photo(picture, caption="What is it?")
    await ben.wait_for_message("You said:")
    await ben.ask("Which colour?")
    content = model.requests[-1]["messages"][1]["content"]
    assert [part["type"] for part in content] == ["text", "image_url"]
    _, _, encoded = content[1]["image_url"]["url"].partition("base64,")
    assert base64.b64decode(encoded)


@pytest.mark.usefixtures("bot")
async def test_what_is_remembered_and_which_day_it_is_is_told_to_the_model(
    ben: SandboxPerson, model: Script, transaction: Transaction
) -> None:
    await ben.ask("Hello")
    async with transaction:
        transaction.session.add(Memory(user_id=1, text="Ben keeps bees."))
    await ben.ask("What do I keep?")
    system = model.requests[-1]["messages"][0]["content"]
    assert "Ben keeps bees." in system
    assert "Today is" in system


@pytest.mark.usefixtures("bot")
async def test_at_the_end_of_a_plan_the_next_question_is_not_asked_and_the_person_learns_why(
    ben: SandboxPerson, model: Script, transaction: Transaction
) -> None:
    async with transaction:
        await transaction.session.execute(update(PlanLimits).values(messages_per_day=1))
    answer = await ben.ask("One")
    await press(ben, answer, "🔄")
    assert "UTC" in (await ben.wait_for_message("Your plan includes", after=answer["message_id"]))["text"]
    assert "UTC" in (await ben.ask("Two"))["text"]
    assert len(model.requests) == 1
    assert "Messages today: 1 of 1" in (await ben.ask("/status"))["text"]


@pytest.mark.usefixtures("bot")
async def test_a_question_longer_than_the_model_can_take_is_told_so_and_keeps_nothing(
    ben: SandboxPerson, model: Script, transaction: Transaction
) -> None:
    async with transaction:
        small = {"context_window": 3000, "remote_name": "scripted"}
        await transaction.session.execute(update(LanguageModel).values(small))
    told = await ben.ask("ы" * 4000)
    assert "too long" in told["text"]
    assert not model.requests
    await ben.ask("Short")
    assert shown(model) == [("user", "Short")]


@pytest.mark.usefixtures("bot")
async def test_what_a_call_took_is_on_the_ledger_however_it_ended(
    ben: SandboxPerson, model: Script, transaction: Transaction
) -> None:
    model.retry_after = 60
    for fault in (None, "cut", "refused", "empty"):
        model.fault = fault
        await ben.ask(f"{fault}")
    model.fault = None
    model.answer, model.between_tokens = "word " * 5000, 0.05
    question = await ben.send("Stop this")
    await ben.wait_for_event(lambda event: bool(event.get("draft")), after=question["message_id"])
    await ben.stop()
    await ben.wait_for_message("⏹", after=question["message_id"])
    async with asyncio.timeout(60):
        while True:
            async with transaction:
                rows = (await transaction.session.execute(UsageCall.__table__.select())).all()
                day = (await transaction.session.execute(UsageDay.__table__.select())).one()
            if all(row.state == "settled" for row in rows):
                break
            await asyncio.sleep(0.05)
    outcomes = [row.outcome for row in rows]
    assert outcomes[:2] == ["complete", "llm_interrupted"]
    assert outcomes[-1] == "stopped"
    assert (day.reserved_tokens, day.reserved_cost) == (0, 0)
    assert day.tokens == sum(row.prompt_tokens + row.completion_tokens for row in rows)
    assert day.cost == sum(row.cost for row in rows)
    # What gave nothing is no message of the day.
    assert day.messages == 3
