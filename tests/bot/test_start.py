"""Who is new learns in seconds what there is to do, and what becomes of their words."""

import pytest

from tests.bot.keyboards import buttons, menu_of_old
from tests.bot.test_stop import sees_words
from vitte.core.settings import Settings
from vitte.sandbox.client import SandboxPerson
from vitte.sandbox.llm import Script
from vitte.sandbox.testing import RunningSandbox

pytestmark = pytest.mark.usefixtures("bot")


async def test_who_is_new_is_told_honestly_what_becomes_of_their_words(
    anna: SandboxPerson, ben: SandboxPerson, settings: Settings
) -> None:
    days = settings.worker.message_retention_days
    of_anna, of_ben = (await anna.ask("/start"))["text"], (await ben.ask("/start"))["text"]
    assert f"{days} дней" in of_anna
    assert f"{days} days" in of_ben
    for said in ("/dialogs", "owner of this bot", "provider of the language model"):
        assert said in of_ben


async def test_an_example_is_asked_by_a_button_and_answered_like_any_question(
    anna: SandboxPerson, model: Script
) -> None:
    greeting = await anna.ask("/start")
    assert len(buttons(greeting)) == 3
    data, question = next(iter(buttons(greeting).items()))
    await anna.wait_for_answer(await anna.press(greeting, data))
    answer = await anna.wait_for_message(f"You said: {question}")
    quoted = await anna.wait_for_message("❝")
    assert question in quoted["text"]
    assert quoted["message_id"] < answer["message_id"]
    assert model.requests[-1]["messages"][-1]["content"] == question
    # One question a greeting: its other buttons are gone.
    assert buttons(anna.messages[greeting["message_id"]]) == {}


async def test_an_example_that_is_pressed_twice_is_asked_and_quoted_once(
    anna: SandboxPerson, model: Script
) -> None:
    greeting = await anna.ask("/start")
    model.holds_after = 2
    await anna.send("How are you today, and how were you yesterday?")
    await sees_words(anna)
    # The buttons are there until it is their turn.
    for data in ("ask:explain", "ask:explain", "ask:write"):
        await anna.press(greeting, data)
    model.holds_after = None
    model.go_on.set()
    await anna.wait_for_message("And then?", after=(await anna.send("And then?"))["message_id"])
    assert sum("❝" in message["text"] for message in anna.messages.values()) == 1
    assert len(model.requests) == 3


async def test_an_example_waits_for_the_answer_before_it(
    sandbox: RunningSandbox, anna: SandboxPerson, model: Script
) -> None:
    greeting = await anna.ask("/start")
    menu = await menu_of_old(sandbox, anna, "dialog:list:0:0")
    model.holds_after = 2
    question = await anna.send("How are you today, and how were you yesterday?")
    await sees_words(anna)
    await anna.press(greeting, "ask:explain")
    # What a button of another kind does is done meanwhile.
    await anna.wait_for_answer(await anna.press(menu, "dialog:list:0:0"))
    model.holds_after = None
    model.go_on.set()
    answer = await anna.wait_for_message("How are you today", after=question["message_id"])
    quoted = await anna.wait_for_message("❝")
    assert quoted["message_id"] > answer["message_id"]


@pytest.mark.parametrize("by_command", [True, False])
async def test_the_answer_to_an_example_can_be_stopped(
    anna: SandboxPerson, model: Script, by_command: bool
) -> None:
    model.answer, model.between_tokens = "word " * 5000, 0.05
    greeting = await anna.ask("/start")
    await anna.press(greeting, "ask:write")
    await sees_words(anna)
    await (anna.send("/stop") if by_command else anna.stop())
    assert (await anna.wait_for_message("word"))["text"].endswith("⏹ Остановлено.")


async def test_a_button_of_another_time_is_answered(sandbox: RunningSandbox, anna: SandboxPerson) -> None:
    await anna.ask("/start")
    known_to_nobody = (
        "ask:gone",
        "gone:1:2",
        "dialog:open:99999999999999999999:0",
        "dialog:fly:1:0",
        "set:x:y",
    )
    menu = await menu_of_old(sandbox, anna, *known_to_nobody)
    for data in known_to_nobody:
        answer = await anna.wait_for_answer(await anna.press(menu, data))
        assert "устарела" in answer["text"]
