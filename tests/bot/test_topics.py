"""Topics of a private chat: each is a dialog of its own."""

import pytest

from tests.bot.keyboards import buttons
from vitte.sandbox.client import SandboxPerson
from vitte.sandbox.llm import Script
from vitte.sandbox.model import Json
from vitte.sandbox.testing import NO_LIMITS, RunningSandbox

pytestmark = [
    pytest.mark.usefixtures("bot"),
    pytest.mark.parametrize("sandbox", [NO_LIMITS], indirect=True),
]


def written(person: SandboxPerson, number: int, text: str, *, topic: int | None) -> Json:
    """Return a message as Telegram brings it from a private chat that has topics."""
    who = {"id": person.id, "first_name": "Ben"}
    message: Json = {
        "message_id": number,
        "date": 1,
        "chat": {**who, "type": "private"},
        "from": {**who, "is_bot": False, "language_code": "en"},
        "text": text,
    }
    if text.startswith("/"):
        message["entities"] = [{"type": "bot_command", "offset": 0, "length": len(text)}]
    if topic is not None:
        message |= {"message_thread_id": topic, "is_topic_message": True}
    return {"message": message}


async def test_each_topic_goes_on_by_itself_and_is_answered_in_its_place(
    sandbox: RunningSandbox, ben: SandboxPerson, model: Script
) -> None:
    async def ask(number: int, text: str, *, topic: int | None) -> list[str]:
        done = len(await sandbox.calls(method="sendMessage"))
        await sandbox.inject([written(ben, number, text, topic=topic)])
        call = (await sandbox.wait_for_calls("sendMessage", count=done + 1))[-1]
        assert call["params"].get("message_thread_id") == topic
        return (
            [message["content"] for message in model.requests[-1]["messages"][1:]] if model.requests else []
        )

    await ben.ask("/start")
    await ask(501, "Bees", topic=7)
    await ask(502, "Cats", topic=8)
    await ask(503, "Dogs", topic=None)
    assert await ask(504, "More", topic=7) == ["Bees", "You said: Bees", "More"]
    assert await ask(505, "More", topic=None) == ["Dogs", "You said: Dogs", "More"]
    await ask(506, "/new", topic=7)
    assert await ask(507, "Ants", topic=7) == ["Ants"]
    assert await ask(508, "More", topic=8) == ["Cats", "You said: Cats", "More"]


async def test_a_persona_that_is_chosen_in_a_topic_speaks_there(
    sandbox: RunningSandbox, ben: SandboxPerson, model: Script
) -> None:
    await ben.ask("/start")
    menu = await ben.ask("/persona")
    data = next(data for data, name in buttons(menu).items() if "✅" not in name)
    await sandbox.inject([written(ben, 601, "Bees", topic=7)])
    await ben.wait_for_message("You said: Bees")
    said = len(await sandbox.calls(method="sendMessage"))
    pressed = {**written(ben, 602, "", topic=7)["message"], "text": menu["text"]}
    query = {"id": "1", "from": pressed["from"], "message": pressed, "chat_instance": "1", "data": data}
    await sandbox.inject([{"callback_query": query}])
    call = (await sandbox.wait_for_calls("sendMessage", count=said + 1))[-1]
    assert call["params"]["message_thread_id"] == 7
    assert "🆕" in call["params"]["text"]
    before = model.requests[-1]["messages"][0]["content"]
    await sandbox.inject([written(ben, 603, "Cats", topic=7)])
    await ben.wait_for_message("You said: Cats")
    shown = model.requests[-1]["messages"]
    assert [message["content"] for message in shown[1:]] == ["Cats"]
    assert shown[0]["content"] != before
